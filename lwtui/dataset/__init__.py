"""A user's dataset: found and read as a stream. Nothing here leaves the machine."""

from lwtui.dataset.dataset import Dataset, Sample, open_dataset
from lwtui.dataset.example import Example, Problem
from lwtui.dataset.fields import FieldMap

__all__ = ["Dataset", "Example", "FieldMap", "Problem", "Sample", "open_dataset"]
