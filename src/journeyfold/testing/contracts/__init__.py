"""What every engine behind a port promises, as abstract tests: a new engine subclasses them.

They are pytest classes; an adapter's test module says how to open one and inherits the rest.
"""
