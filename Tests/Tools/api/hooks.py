"""What schemathesis has to know besides the document, when it asks a served database (SCHEMATHESIS_HOOKS).

AKER_REAL has what is there, by the name of the member that means it: of the requests that the document allows, every second
one is about something real. Those that it forbids are left as they are.
"""
import itertools
import json
import os

import schemathesis
from hypothesis import strategies

REAL = json.loads(os.environ.get("AKER_REAL", "{}"))
numbers = itertools.count()

# The document's own format: years and ranges of years, the first before the last.
year = strategies.integers(1900, 2100)
span = strategies.tuples(year, year).map(lambda pair: f"{min(pair):04}-{max(pair):04}")
schemathesis.openapi.format(
    "years", strategies.lists(year.map("{:04}".format) | span, min_size=1, max_size=5).map(",".join))


def fill(members, number):
    for name in members or ():
        if name in REAL:
            members[name] = REAL[name][number % len(REAL[name])]


@schemathesis.hook
def before_call(context, case, kwargs):
    number = next(numbers)
    # Each from an address of its own, behind the proxy that this is: one with many wrong tokens would be held up.
    case.headers["X-Forwarded-For"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    is_allowed = case.meta is None or case.meta.generation.mode.is_positive
    if is_allowed and number % 2:
        fill(case.path_parameters, number // 2)
        fill(case.query, number // 2)
        if isinstance(case.body, dict):
            fill(case.body, number // 2)
            if isinstance(case.body.get("selection"), dict):
                # Its years are a list.
                years = case.body["selection"].pop("years", None)
                fill(case.body["selection"], number // 2)
                if years is not None:
                    case.body["selection"]["years"] = years
