"""Numbers as the sentences have them."""


def percent(share: float) -> str:
    """A share in percent, such as `2.5 %`."""
    return f"{100 * share:.3g} %"


def tenths(value: float) -> str:
    """A number with one digit behind the point; never `-0.0`."""
    return f"{round(value, 1) + 0.0:.1f}"


def mm(value: float) -> str:
    """A length, such as `2.4 mm`."""
    return f"{tenths(value)} mm"


def counted(count: int, what: str) -> str:
    """A number of things, such as `1 seed` and `5 seeds`."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def capital(sentence: str) -> str:
    """The sentence with a capital letter, unless a name begins it."""
    is_name = sentence[:2] == "t-"
    return sentence if is_name else sentence[:1].upper() + sentence[1:]
