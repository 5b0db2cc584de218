"""WordNet's synonyms from a local folder, or none. Nothing is ever downloaded."""

from __future__ import annotations

import threading
import warnings
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

from pydantic import AfterValidator, ValidationInfo

from rft_core.configurable import file_path

WORDNET: Final = Path("corpora", "wordnet")


def _with_wordnet(value: Path, info: ValidationInfo) -> Path:
    folder = file_path(value, info).resolve()
    if not (folder / WORDNET / "lexnames").is_file():
        raise ValueError(
            f"{folder} has no {WORDNET}/lexnames: name a folder as `python -m nltk.downloader -d "
            "FOLDER wordnet` fills it, unpacked"
        )
    return folder


DataFolder: TypeAlias = Annotated[Path, AfterValidator(_with_wordnet)]
"""A folder of NLTK data with WordNet in it, relative to the task file."""


class NoSynonyms:
    """Stands for WordNet where there is none."""

    def synsets(self, word: str) -> list[Any]:
        """Return nothing."""
        return []


class Synonyms:
    """WordNet as NLTK reads it, for one thread at a time: the reader seeks in open files."""

    def __init__(self, folder: Path) -> None:
        """Raise `ValueError` if WordNet cannot be read."""
        import nltk
        from nltk.corpus.reader.wordnet import WordNetCorpusReader

        self._lock = threading.Lock()
        if str(folder) not in nltk.data.path:
            nltk.data.path.append(str(folder))  # NLTK opens nothing outside of these folders
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the other languages, which METEOR does not use
                self._reader = WordNetCorpusReader(str(folder / WORDNET), None)
        except (OSError, LookupError, ValueError, AssertionError) as error:
            raise ValueError(
                f"{folder / WORDNET} is not WordNet as NLTK has it: {error}"
            ) from error

    def synsets(self, word: str) -> list[Any]:
        """Return WordNet's synonym sets of a word."""
        with self._lock:
            return list(self._reader.synsets(word))
