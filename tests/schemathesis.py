"""Part of the run that `schemathesis.toml` configures."""

from itertools import count

import schemathesis

NUMBERS = count()


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes each idempotency key one of its own: the same few for all writes would leave most of them undone."""
    key = (case.headers or {}).get("x-idempotency")
    # One that is no key stays none.
    if isinstance(key, str) and 0 < len(key) < 200 and key.isascii() and key.isprintable() and key == key.strip():
        case.headers["x-idempotency"] = f"{key}-{next(NUMBERS)}"
