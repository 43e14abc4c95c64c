// @segment/analytics-node, unchanged: argv = host, write key, number of track calls.
import { Analytics } from "@segment/analytics-node";

const [host, writeKey, count] = process.argv.slice(2);
const analytics = new Analytics({ writeKey, host, path: "/v1/batch", maxRetries: 10 });
analytics.on("error", (error) => console.error(String(error.code ?? error)));
analytics.identify({ userId: "node-user", traits: { email: "ann@example.com" } });
for (let n = 0; n < Number(count); n++) {
  analytics.track({ userId: "node-user", event: "Client Event", properties: { n } });
}
analytics.page({ userId: "node-user", name: "Home", properties: { path: "/" } });
analytics.alias({ userId: "node-user", previousId: "node-anonymous" });
await analytics.closeAndFlush({ timeout: 60_000 });
