"""Reads JSON bodies the ways Python servers do, and prints what it found: one line of base64 in, one line out."""

import base64
import json
import sys
from decimal import Decimal

FAILED = "error"


def canonical(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return units(value)
    if isinstance(value, (int, float)):
        return decimal(value)
    if isinstance(value, list):
        return "[" + ",".join(canonical(element) for element in value) + "]"
    members = sorted(units(key) + ":" + canonical(member) for key, member in value.items())
    return "{" + ",".join(members) + "}"


def units(text):
    """A text as its UTF-16 code units."""
    return '"' + text.encode("utf-16-be", "surrogatepass").hex() + '"'


def decimal(value):
    """The exact value of a number, without a sign for zero."""
    if value == 0:
        return "0"
    if isinstance(value, int):
        return str(value)
    exact = Decimal(value)
    if not exact.is_finite():
        return str(exact)
    text = format(exact, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def first(pairs):
    """What readers keep that look at the first member of a name."""
    members = {}
    for key, value in pairs:
        members.setdefault(key, value)
    return members


def read(body, **options):
    try:
        return canonical(json.loads(body, **options))
    except (ValueError, RecursionError):
        return FAILED


for line in sys.stdin:
    body = base64.b64decode(line)
    found = {"loads": read(body), "first": read(body, object_pairs_hook=first)}
    print(json.dumps(found), flush=True)
