"""The one error of this package that is the user's to mend; its message is one clear line."""


class UserError(ValueError):
    """A file, a setting or a missing package; programs print it without a traceback."""
