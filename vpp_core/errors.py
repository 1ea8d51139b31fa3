"""The one kind of error a person is meant to read: one sentence saying what, where and what to do."""


class InputError(ValueError):
    """Bad input from outside (a file, a configuration, an answer of a service): final until somebody changes it."""


class UnavailableError(InputError):
    """A source that has nothing for what was asked; another source may."""
