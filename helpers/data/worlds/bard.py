"""The bard: a grammar that writes verse, and the exact entropy of that verse.

Real text has no known entropy, so nobody can say how far a language model is from the
best possible one. The bard's text has. It is drawn from the probabilistic grammar
below, whose rules were written so that every text has exactly one derivation; the
entropy of the text is then the entropy of the choices made while writing it.

Layout as in the plays: a name and a colon, one to five lines of verse, an empty line.
Nobody speaks twice in a row. Each speaker has one humour (majesty, war, love, jest,
ghosts), from which all nouns, verbs and adjectives of the speech are taken, so the name
at the top changes what is likely several lines below.
"""

import functools
import math
import re

import numpy as np

SPEAKERS = {
    "Queen Maud": "majesty",
    "Captain Brand": "war",
    "Annis": "love",
    "Pipkin": "jest",
    "Old Tobias": "ghosts",
}

# Within each list the earlier words are the likelier ones (see `_weights`).
HUMOURS = {
    "majesty": {
        "noun": "crown throne realm sceptre herald oath kingdom banquet ermine decree",
        "adjective": "royal golden solemn lawful gracious crowned stately",
        "verb": "govern pardon command anoint proclaim honour summon",
    },
    "war": {
        "noun": "sword banner trumpet fortress charger lance drum enemy helm breach",
        "adjective": "bloody iron valiant battered furious dauntless grim",
        "verb": "conquer besiege defy strike muster plunder defend",
    },
    "love": {
        "noun": "heart rose kiss blush sonnet ribbon sigh lover nightingale swoon",
        "adjective": "tender blushing sweet constant honeyed lovelorn fair",
        "verb": "adore cherish woo embrace treasure beguile entreat",
    },
    "jest": {
        "noun": "pudding bauble donkey barrel onion tinker nose cudgel jig turnip",
        "adjective": "pickled merry muddled tipsy greasy nimble wry",
        "verb": "tickle juggle swallow mock pilfer bamboozle butter",
    },
    "ghosts": {
        "noun": "tomb shadow owl lantern cobweb phantom raven candle bell grave",
        "adjective": "pale hollow moonlit weeping silent ancient spectral",
        "verb": "haunt bury mourn whisper unearth dread remember",
    },
}

COMMON = {
    "determiner": ["my", "the", "thy", "this", "yon"],
    "call": ["Alas", "Hark", "Nay", "Good friends", "By my troth", "O heavens"],
    "modal": ["shall", "must", "would", "dares", "may"],
    "when": ["ere noon", "tonight", "anon", "at cockcrow", "henceforth"],
    "where": [
        "in yonder wood",
        "by the river",
        "upon the heath",
        "beneath the stars",
        "within these walls",
        "beyond the sea",
    ],
    "adverb": ["never", "gladly", "ever", "humbly", "boldly"],
    "comma": [",", "", ";", ":"],
    "stop": [".", "!"],
}

# A capital in a placeholder asks for a capital in the text: <Determiner> writes "My".
VERSES = [
    "<Determiner> <adjective> <noun> <modal> <verb> <determiner> <noun>",
    "I <adverb> <verb> <determiner> <noun> <where>",
    "<call>, <determiner> <noun> <modal> <adverb> <verb> <determiner> <noun>",
    "If <determiner> <noun> be <adjective>, I <modal> <verb> it <when>",
    "Come, <verb> <determiner> <adjective> <noun> <where>",
    "So <adjective> a <noun> <modal> <verb> <determiner> <noun> <when>",
]
NUM_LINES = {1: 3, 2: 4, 3: 4, 4: 3, 5: 2}  # lines in a speech: weight


class Grammar:
    """A probabilistic grammar without recursion.

    Args:
        rules: dict of str to list of `(weight, text)`. `<name>` in a text stands for a
            draw from the rule of that name; all else is written as it is. Weights are
            positive and need not add up to 1.
    """

    def __init__(self, rules):
        self.rules = {}
        for name, options in rules.items():
            total = sum(weight for weight, _ in options)
            self.rules[name] = [
                (weight / total, _split(text)) for weight, text in options
            ]
        self._thresholds = {
            name: np.cumsum([p for p, _ in options])[:-1]
            for name, options in self.rules.items()
        }
        self.entropy = functools.cache(self._entropy)
        self.expected_length = functools.cache(self._expected_length)

    def sample(self, name, uniforms):
        """Return one text from rule `name`; `uniforms` iterates over [0, 1) draws."""
        pick = np.searchsorted(self._thresholds[name], next(uniforms), side="right")
        return "".join(
            part if is_text else self.sample(part, uniforms)
            for is_text, part in self.rules[name][pick][1]
        )

    def _entropy(self, name):
        """Return the entropy of one derivation of rule `name`, in nats."""
        return sum(
            p * (-math.log(p) + sum(self.entropy(part) for t, part in parts if not t))
            for p, parts in self.rules[name]
        )

    def _expected_length(self, name):
        """Return the mean number of characters that rule `name` writes."""
        return sum(
            p * sum(len(s) if t else self.expected_length(s) for t, s in parts)
            for p, parts in self.rules[name]
        )

    def ends(self, name, text, start):
        """Find where rule `name` can end in `text` when it begins at `start`.

        Returns:
            dict of end position to `(probability, num_derivations)`, both summed over
            the derivations that end there.
        """
        found = {}
        for p, parts in self.rules[name]:
            reached = {start: (p, 1)}
            for is_text, part in parts:
                reached = self._extend(reached, is_text, part, text)
                if not reached:
                    break
            _add(found, reached)
        return found

    def _extend(self, reached, is_text, part, text):
        """Move every reached position past one more part of an option."""
        moved = {}
        for position, (p, count) in reached.items():
            if is_text:
                if text.startswith(part, position):
                    _add(moved, {position + len(part): (p, count)})
                continue
            for end, (q, more) in self.ends(part, text, position).items():
                _add(moved, {end: (p * q, count * more)})
        return moved


def write_bard(num_chars, *, seed, is_reversed=False):
    """Write whole speeches until there are at least `num_chars` characters.

    Args:
        num_chars: int >= 1.
        seed: int. The same seed writes the same text.
        is_reversed: bool. Write the other dialect, as in `bard_grammar`.

    Returns:
        str.

    Raises:
        ValueError: `num_chars` is below 1.
    """
    if num_chars < 1:
        raise ValueError(f"num_chars must be at least 1, got {num_chars}.")
    uniforms = _uniforms(np.random.default_rng(seed))
    grammar, names = bard_grammar(is_reversed), list(SPEAKERS)
    speaker = names[int(next(uniforms) * len(names))]
    speeches, length = [], 0
    while length < num_chars:
        speeches.append(grammar.sample(speaker, uniforms))
        length += len(speeches[-1])
        others = [name for name in names if name != speaker]
        speaker = others[int(next(uniforms) * len(others))]
    return "".join(speeches)


def bard_entropy(is_reversed=False):
    """Return the bard's entropy rate in nats per character, exact.

    Every speaker is equally frequent, so the rate is the mean entropy of a speech,
    choice of the next speaker included, over its mean length.
    """
    grammar = bard_grammar(is_reversed)
    next_speaker = math.log(len(SPEAKERS) - 1)
    entropy = sum(next_speaker + grammar.entropy(name) for name in SPEAKERS)
    return entropy / sum(grammar.expected_length(name) for name in SPEAKERS)


@functools.cache
def bard_grammar(is_reversed=False):
    """Return the bard's `Grammar`; a speaker's name is a rule that writes a speech.

    There are two dialects with the same words and forms of verse. With `is_reversed`,
    the last word of each list is the likeliest one instead of the first.
    """
    rules, order = {}, -1 if is_reversed else 1
    for speaker, humour in SPEAKERS.items():
        words = {name: text.split() for name, text in HUMOURS[humour].items()}
        words |= COMMON
        for name, options in words.items():
            rules[f"{name} {humour}"] = _weights(options[::order])
            rules[f"{name.capitalize()} {humour}"] = _weights(
                [option.capitalize() for option in options[::order]]
            )
        rules[f"verse {humour}"] = [
            (1, verse.replace(">", f" {humour}>")) for verse in VERSES
        ]
        line = f"<verse {humour}><comma {humour}>\n"
        last = f"<verse {humour}><stop {humour}>\n\n"
        rules[speaker] = [
            (weight, f"{speaker}:\n" + line * (num_lines - 1) + last)
            for num_lines, weight in NUM_LINES.items()
        ]
    return Grammar(rules)


def _weights(options):
    """Give each option the weight 1 / (rank + 2): the first is likeliest, none rare."""
    return [(1 / (rank + 2), text) for rank, text in enumerate(options)]


def _split(text):
    """Split a rule's text into `(is_text, part)` pairs."""
    parts = re.split(r"<([^>]+)>", text)  # texts at even indices, names at odd
    return [(i % 2 == 0, part) for i, part in enumerate(parts) if part]


def _add(found, more):
    """Add probabilities and counts of `more` to those in `found`."""
    for end, (p, count) in more.items():
        q, others = found.get(end, (0.0, 0))
        found[end] = (p + q, count + others)


def _uniforms(rng):
    """Yield uniform draws from [0, 1), made 10,000 at a time."""
    while True:
        yield from rng.random(10_000)
