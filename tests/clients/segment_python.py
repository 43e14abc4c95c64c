"""segment-analytics-python, unchanged: argv = host, write key, user, number of track calls, gzip."""

import sys

import segment.analytics as analytics

host, write_key, user, count, gzip = sys.argv[1:6]
failures = []
analytics.write_key, analytics.host, analytics.gzip = write_key, host, gzip == "gzip"
analytics.on_error = lambda error, items: failures.append(f"{error}: {len(items)} lost")
analytics.identify(user, {"email": f"{user}@example.com"})
for n in range(int(count)):
    analytics.track(user, "Client Event", {"n": n})
    if n % 5 == 4:  # several batches, so that a limit is met
        analytics.flush()
analytics.page(user, "Docs", "Home", {"path": "/"})
analytics.group(user, "acme", {"plan": "free"})
analytics.alias(f"{user}-before", user)
analytics.flush()
sys.exit("\n".join(failures) or None)
