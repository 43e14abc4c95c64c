// @segment/analytics-node, unchanged: argv = host, write key, user, number of track calls.
import { Analytics } from "@segment/analytics-node";

const [host, writeKey, userId, count] = process.argv.slice(2);
const analytics = new Analytics({ writeKey, host, path: "/v1/batch", flushAt: 5 });
analytics.on("error", (error) => {
  console.error(String(error.reason ?? error.code ?? error));
  process.exitCode = 1;
});
analytics.identify({ userId, traits: { email: `${userId}@example.com` } });
for (let n = 0; n < Number(count); n++) {
  analytics.track({ userId, event: "Client Event", properties: { n } });
}
analytics.page({ userId, category: "Docs", name: "Home", properties: { path: "/" } });
analytics.group({ userId, groupId: "acme", traits: { plan: "free" } });
analytics.alias({ userId, previousId: `${userId}-before` });
await analytics.closeAndFlush({ timeout: 60_000 });
