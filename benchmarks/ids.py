"""The text that all systems read, as ids: int32, little-endian."""
import array
import collections
import itertools
import random

TOKENS = 200_000


def write(text, to, vocabulary):
    """Writes a text's ids, or, without one, ids that are as unevenly frequent as words are; returns the file."""
    values = from_text(text, vocabulary) if text else zipf(vocabulary)
    to.write_bytes(array.array("i", values).tobytes())
    return to


def zipf(vocabulary):
    weights = list(itertools.accumulate(1 / rank for rank in range(1, vocabulary + 1)))
    return random.Random(1).choices(range(vocabulary), cum_weights=weights, k=TOKENS)


def from_text(text, vocabulary):
    """The text's first words; what is not among the most frequent becomes id 0."""
    words = [word for line in text.read_text().splitlines() for word in [*line.split(), "<eos>"]][:TOKENS]
    known = {word: id for id, (word, _) in enumerate(collections.Counter(words).most_common(vocabulary - 1), 1)}
    return [known.get(word, 0) for word in words]
