"""segment-analytics-python, unchanged: argv = host, write key, number of track calls, gzip."""

import sys

import segment.analytics as analytics

host, write_key, count, gzip = sys.argv[1:5]
analytics.write_key, analytics.host, analytics.gzip = write_key, host, gzip == "gzip"
analytics.on_error = lambda error, items: print("error", error, len(items), file=sys.stderr)
analytics.identify("python-user", {"email": "ann@example.com"})
for n in range(int(count)):
    analytics.track("python-user", "Client Event", {"n": n})
analytics.page("python-user", "Docs", "Home", {"path": "/"})
analytics.group("python-user", "acme", {"plan": "free"})
analytics.flush()
