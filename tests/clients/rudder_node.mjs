// @rudderstack/rudder-sdk-node, unchanged: argv = host, write key, number of track calls.
import { createRequire } from "node:module";

const RudderAnalytics = createRequire(import.meta.url)("@rudderstack/rudder-sdk-node");
const [host, writeKey, count] = process.argv.slice(2);
const Client = RudderAnalytics.default ?? RudderAnalytics;
const client = new Client(writeKey, { dataPlaneUrl: host, flushAt: 10, flushInterval: 200, retryCount: 10 });
client.identify({ userId: "rudder-node-user", traits: { email: "ann@example.com" } });
for (let n = 0; n < Number(count); n++) {
  client.track({ userId: "rudder-node-user", event: "Client Event", properties: { n } });
}
client.page({ userId: "rudder-node-user", name: "Home", properties: { path: "/" } });
client.flush(() => {});
const started = Date.now();
const timer = setInterval(() => {
  if (client.queue.length === 0 && client.state !== "running") client.flush(() => {});
  if (Date.now() - started > Number(process.env.LINGER_MS ?? 4000)) {
    clearInterval(timer);
    process.exit(0);
  }
}, 250);
