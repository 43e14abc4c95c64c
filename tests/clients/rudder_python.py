"""rudder-sdk-python, unchanged: argv = host, write key, number of track calls, gzip."""

import sys

import rudderstack.analytics as analytics

host, write_key, count, gzip = sys.argv[1:5]
analytics.write_key, analytics.dataPlaneUrl, analytics.gzip = write_key, host, gzip == "gzip"
analytics.on_error = lambda error, items: print("error", error, len(items), file=sys.stderr)
analytics.identify("rudder-python-user", {"email": "ann@example.com"})
for n in range(int(count)):
    analytics.track("rudder-python-user", "Client Event", {"n": n})
analytics.page("rudder-python-user", "Docs", "Home", {"path": "/"})
analytics.flush()
