"""Orders in a sentence, and the records of them: what a very small policy can learn."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

INSTRUCTION: Final = "Write the order as JSON."
_TEMPLATES: Final = (
    "{buyer} of {city} ordered {count} {item} from {seller}, due in {days} days.",
    "{seller} sold {count} {item} to {buyer} in {city}, to be paid within {days} days.",
    "In {days} days {seller} will deliver {count} {item} to {buyer}, {city}.",
    "{buyer} wrote from {city} {days} days ago: please let {seller} send {count} {item}.",
    "{buyer}, {city}, ordered {count} {item} {days} days ago; {seller} will deliver.",
    "{seller} will send {count} {item} to {city} in {days} days, to be paid by {buyer}.",
)
_PEOPLE: Final = (
    "Abbott", "Baker", "Carver", "Dyer", "Eaton", "Fisher", "Gardner", "Hooper",
    "Ingham", "Joyner", "Keeler", "Lister", "Mercer", "Naylor", "Osgood", "Potter",
)  # fmt: skip
_CITIES: Final = (
    "Aarhus", "Bergen", "Cork", "Dresden", "Essen", "Faro", "Ghent", "Haarlem",
    "Innsbruck", "Jena", "Kaunas", "Lille", "Malmo", "Namur", "Oulu", "Pisa",
)  # fmt: skip
_ITEMS: Final = (
    "lamps", "desks", "chairs", "ropes", "kettles", "clocks", "mirrors", "ladders",
    "brushes", "buckets", "carpets", "drills", "ovens", "pumps", "saws", "tents",
)  # fmt: skip
_MOST: Final = 99


class Text(NamedTuple):
    """A text, and the record that is in it."""

    text: str
    record: Mapping[str, Any]


def generate(rng: random.Random) -> Iterator[Text]:
    """Yield orders without end; every one has a seller and a number of days, too."""
    while True:
        buyer, seller = rng.sample(_PEOPLE, 2)
        record = {
            "buyer": buyer,
            "city": rng.choice(_CITIES),
            "item": rng.choice(_ITEMS),
            "count": rng.randint(2, _MOST),
        }
        days = rng.randint(2, _MOST)
        template = rng.choice(_TEMPLATES)
        yield Text(template.format(**record, seller=seller, days=days), record)
