from dataclasses import dataclass


@dataclass
class Choice:
    pass


choose_clusters = cover = nearest = None
