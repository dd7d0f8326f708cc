"""Evaluation: which encoder finds what is asked for, in which language, how surely, how fast."""

from catalog.domain.evaluating import Protocol
from catalog.evaluate.dataset import Caption, Dataset, Picture
from catalog.evaluate.readers import read_dataset
from catalog.evaluate.results import Evaluation
from catalog.evaluate.run import Contender, Options, evaluate
from catalog.evaluate.vectors import Shelves

__all__ = [
    "Caption",
    "Contender",
    "Dataset",
    "Evaluation",
    "Options",
    "Picture",
    "Protocol",
    "Shelves",
    "evaluate",
    "read_dataset",
]
