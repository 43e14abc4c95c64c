"""Sources of the shop that tests of the live door send to."""

import base64

SOURCES = {
    "captured": "kind: browser\nbasis: contract\npurposes: [analytics, personalization]\nkeys: [WK]\n"
    "plan: {invalid: flag}\n",  # their orders are not the shop's
    "visitor": "kind: browser\nkeys: [VISITOR]\n",  # basis consent, as every source without one
    "pay": """\
kind: webhook
basis: contract
purposes: [analytics, personalization]
webhook: {verify: standard, secrets: ["${env:PAY_SECRET}"]}
map:
  - {when: 'as_string(row.kind) == "paid"', event: Order Paid}
fields:
  occurred: as_time(row.at)
  identifiers: {user_id: row.customer}
  properties: {order_id: row.order, amount: row.amount}
""",
}
PAY_SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
