// @rudderstack/rudder-sdk-node, unchanged: argv = host, write key, user, number of track calls, gzip.
import { createRequire } from "node:module";

const RudderAnalytics = createRequire(import.meta.url)("@rudderstack/rudder-sdk-node");
const [host, writeKey, userId, count, gzip] = process.argv.slice(2);
const Client = RudderAnalytics.default ?? RudderAnalytics;
const client = new Client(writeKey, {
  dataPlaneUrl: host, flushAt: 10, flushInterval: 200, gzip: gzip === "gzip",
});
let waiting = 0;

// The library calls back once for each message, when its batch was taken or given up.
const answered = () => {
  waiting += 1;
  return (error) => {
    waiting -= 1;
    if (error) {
      console.error(String(error));
      process.exitCode = 1;
    }
  };
};
client.identify({ userId, traits: { email: `${userId}@example.com` } }, answered());
for (let n = 0; n < Number(count); n++) {
  client.track({ userId, event: "Client Event", properties: { n } }, answered());
}
client.page({ userId, category: "Docs", name: "Home", properties: { path: "/" } }, answered());
client.group({ userId, groupId: "acme", traits: { plan: "free" } }, answered());
client.alias({ userId, previousId: `${userId}-before` }, answered());
const timer = setInterval(() => {
  if (waiting > 0) return;
  clearInterval(timer);
  process.exit();
}, 50);
