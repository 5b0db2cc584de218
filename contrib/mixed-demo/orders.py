"""Orders in a sentence, and the records of them as JSON."""

import json
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Final

INSTRUCTION: Final = "Write the order as JSON."
TEMPLATES: Final = (
    "{buyer} of {city} ordered {count} {item} from {seller}, due in {days} days.",
    "{seller} sold {count} {item} to {buyer} in {city}, to be paid within {days} days.",
    "In {days} days {seller} will deliver {count} {item} to {buyer}, {city}.",
    "{buyer} wrote from {city} {days} days ago: please let {seller} send {count} {item}.",
)
PEOPLE: Final = (
    "Abbott", "Baker", "Carver", "Dyer", "Eaton", "Fisher", "Gardner", "Hooper",
    "Ingham", "Joyner", "Keeler", "Lister", "Mercer", "Naylor", "Osgood", "Potter",
)  # fmt: skip
CITIES: Final = (
    "Aarhus", "Bergen", "Cork", "Dresden", "Essen", "Faro", "Ghent", "Haarlem",
    "Innsbruck", "Jena", "Kaunas", "Lille", "Malmo", "Namur", "Oulu", "Pisa",
)  # fmt: skip
ITEMS: Final = (
    "lamps", "desks", "chairs", "ropes", "kettles", "clocks", "mirrors", "ladders",
    "brushes", "buckets", "carpets", "drills", "ovens", "pumps", "saws", "tents",
)  # fmt: skip
PIECES: Final = ('{"buyer":"', '","city":"', '","item":"', '","count":')
"""The JSON between the values of a record."""


@dataclass(frozen=True)
class Record:
    """What is to be found in an order."""

    buyer: str
    city: str
    item: str
    count: int


@dataclass(frozen=True)
class Order:
    """A sentence, its record, and who and what else is in the sentence."""

    text: str
    record: Record
    seller: str
    days: int


@dataclass(frozen=True)
class Faults:
    """Probabilities: that a value is wrong (each by itself), that the answer is no such record."""

    wrong: float
    broken: float


def generate(rng: random.Random) -> Iterator[Order]:
    """Yield orders without end, no text twice."""
    seen: set[str] = set()
    while True:
        order = _draw(rng)
        if order.text not in seen:
            seen.add(order.text)
            yield order


def _draw(rng: random.Random) -> Order:
    buyer, seller = rng.sample(PEOPLE, 2)
    record = Record(buyer, rng.choice(CITIES), rng.choice(ITEMS), rng.randint(2, 99))
    days = rng.randint(2, 99)
    text = rng.choice(TEMPLATES).format(**asdict(record), seller=seller, days=days)
    return Order(text, record, seller, days)


def render(record: Record) -> str:
    """Return the answer that gives ``record``."""
    return json.dumps(asdict(record), separators=(",", ":"))


def imitate(order: Order, faults: Faults, rng: random.Random) -> str:
    """Return an answer with ``faults``: a value is taken from elsewhere, or the JSON is broken."""
    wrong = {
        "buyer": order.seller,
        "city": rng.choice(CITIES),
        "item": rng.choice(ITEMS),
        "count": order.days,
    }
    taken = {name: value for name, value in wrong.items() if rng.random() < faults.wrong}
    answer = render(replace(order.record, **taken))
    if rng.random() >= faults.broken:
        return answer
    return rng.choice((answer.removesuffix("}"), answer.split(',"item"', maxsplit=1)[0] + "}"))
