"""What stand-ins of platforms share: they read requests as the platform's documentation says."""

import jsonschema_rs


def shaped(value, schema):
    """The published shape, to the letter: AssertionError names what does not fit."""
    errors = [
        f"{'/'.join(map(str, each.instance_path))}: {each.message}"
        for each in jsonschema_rs.validator_for(schema).iter_errors(value)
    ]
    assert not errors, errors
    return value


def objects(required, optional=(), *, more=False):
    """An object with these keys and no others; a map of key → schema, or names alone."""
    keys = {**_schemas(required), **_schemas(optional)}
    return {
        "type": "object", "properties": keys, "required": list(_schemas(required)),
        "additionalProperties": more,
    }  # fmt: skip


def arrays(items, most):
    return {"type": "array", "items": items, "minItems": 1, "maxItems": most}


def _schemas(told):
    return dict(told) if isinstance(told, dict) else {each: {} for each in told}


TEXT = {"type": "string", "minLength": 1}
SHA256 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


class Platform:
    """Routes to methods by name; a request that is not of the published shape fails the test.

    An assertion inside of a server's thread is kept, and answered with 500.
    """

    def __init__(self):
        self.calls, self.faults, self.refusals = [], [], []

    def __call__(self, request):
        self.calls.append((request.method, request.path))
        if self.refusals:
            return self.refusals.pop(0)
        try:
            return self.answer(request)
        except AssertionError as fault:
            self.faults.append(fault)
            return 500, {"fault": str(fault)}

    def require_sound(self):
        for each in self.faults:
            raise each
