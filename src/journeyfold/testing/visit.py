"""One visit to the simulated shop, message by message, as a Segment client would send it."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from random import Random

from journeyfold.core.event import Json
from journeyfold.core.instant import DAY_US, SECOND_US, rfc3339
from journeyfold.testing.catalogue import PRODUCTS, SHELVES, Product
from journeyfold.testing.shopper import Device, Shopper

Message = dict[str, Json]
Timed = tuple[int, Message]

_CAMPAIGNS = (
    ("newsletter", "email", "autumn-letter"),
    ("google", "cpc", "brand"),
    ("google", "cpc", "hiking-boots"),
    ("instagram", "social", "new-in"),
    ("partner-blog", "affiliate", "packing-list"),
)
_LIBRARY: Json = {"name": "analytics.js", "version": "npm:next-1.77.0"}
_SERVER: Json = {"name": "analytics-python", "version": "2.3.4"}
SITE = "https://shop.example.com"


class Memory:
    """What the shop's pages remember of a shopper between visits."""

    def __init__(self, *, answered: bool = False) -> None:
        self.is_known = False  # an account exists
        self.answered = answered  # the banner on some device
        self.signed_in: set[str] = set()
        self.cart: list[tuple[Product, int]] = []
        self.orders = self.carts = 0

    def start_cart(self) -> None:
        self.cart, self.carts = [], self.carts + 1


class Visit:
    """Yields (instant, message). Times only grow; `pace` 1.0 is a human's, smaller is quicker."""

    def __init__(
        self, key: str, who: Shopper, memory: Memory, throw: Random, start_us: int,
        *, pace: float = 1.0,
    ) -> None:  # fmt: skip
        self._key, self._who, self._memory, self._throw = key, who, memory, throw
        self._at_us, self._pace, self._sent = start_us, pace, 0
        self._device: Device = throw.choice(who.devices)
        self._campaign = throw.choice(_CAMPAIGNS) if throw.random() < 0.28 else None
        self._watched = who.answer != "none" or not memory.answered

    def messages(self) -> Iterator[Timed]:
        """The whole visit. Who refused is seen no more, but for the orders they place."""
        if self._memory.cart and self._throw.random() < 0.6:
            self._memory.start_cart()  # what lay there for days is forgotten
        yield from self._arrive()
        if not self._memory.answered and self._throw.random() < 0.8:
            yield self._banner()
        if self._memory.is_known and self._throw.random() < 0.3:
            yield from self._sign_in()
        viewed: list[Product] = []
        for _ in range(self._how_many(2.6)):
            product = self._pick()
            viewed.append(product)
            yield from self._view(product)
        if self._throw.random() < 0.015 and self._who.answer == "all":
            yield self._newsletter()
        if viewed and self._throw.random() < min(0.17 * self._who.purse, 0.55):
            yield from self._cart(viewed)
        if self._memory.cart and self._throw.random() < 0.42:
            yield from self._check_out()
        yield from self._afterwards(viewed)

    def _arrive(self) -> Iterator[Timed]:
        path = self._throw.choice(("/", "/", "/new", f"/{self._throw.choice(self._who.tastes)}"))
        yield from self._page(path)

    def _page(self, path: str) -> Iterator[Timed]:
        if self._watched:
            properties: Message = {"path": path, "url": SITE + path, "title": _title(path)}
            yield self._message("page", path, name=_title(path), properties=properties)
        self._wait(8, 45)

    def _banner(self) -> Timed:
        answer, self._memory.answered = self._who.answer, True
        granted: dict[str, bool] = {
            "analytics": answer in {"all", "no_marketing"},
            "personalization": answer in {"all", "no_marketing"},
            "marketing": answer == "all",
            "marketing_email": answer == "all",
        }
        purposes: Json = {name: "granted" if ok else "denied" for name, ok in granted.items()}
        if answer == "silent":
            purposes = {"analytics": "granted"}
        properties: Message = {"purposes": purposes, "policy_version": "2026-09"}
        sent = self._track("Consent Updated", properties, "/")
        self._watched = answer != "none"
        return sent

    def _sign_in(self) -> Iterator[Timed]:
        self._memory.signed_in.add(self._device.anonymous_id)
        yield self._identify("/account")

    def _identify(self, path: str) -> Timed:
        who = self._who
        traits: Message = {
            "email": who.email,
            "first_name": who.first_name,
            "last_name": who.last_name,
            "country": who.country,
            "city": who.city,
            "locale": who.locale,
            "timezone": who.timezone,
            "birth_year": who.birth_year,
            "interests": list(who.tastes),
            "marketing_opt_in": who.answer == "all",
        }
        sent = self._message("identify", path, traits=traits)
        self._wait(5, 30)
        return sent

    def _newsletter(self) -> Timed:
        traits: Message = {"email": self._who.email, "marketing_opt_in": True}
        return self._message("identify", "/newsletter", traits=traits)

    def _view(self, product: Product) -> Iterator[Timed]:
        path = f"/{product.category}/{product.sku.lower()}"
        if self._throw.random() < 0.35:
            yield from self._page(f"/{product.category}")
        if self._watched:
            yield self._track("Product Viewed", _line(product), path)
        self._wait(15, 110)

    def _cart(self, viewed: list[Product]) -> Iterator[Timed]:
        several = 2 if self._throw.random() < 0.12 * self._who.purse else 1
        for product in self._throw.sample(viewed, k=min(several, len(viewed))):
            amount = 2 if self._throw.random() < 0.1 else 1
            self._memory.cart.append((product, amount))
            if self._watched:
                yield self._track("Cart Updated", self._basket(), "/cart")
            self._wait(10, 60)

    def _check_out(self) -> Iterator[Timed]:
        memory, order_id = self._memory, f"o-{self._who.number:05d}-{self._memory.orders + 1:03d}"
        basket = self._basket()
        if self._watched:
            yield self._track("Checkout Started", basket, "/checkout")
        self._wait(40, 180)
        if self._throw.random() < 0.22:
            return  # left at the last step; the cart stays
        if self._device.anonymous_id not in memory.signed_in:
            memory.signed_in.add(self._device.anonymous_id)
            memory.is_known = True
            yield self._identify("/checkout")
        total = basket["total"]
        assert isinstance(total, float)
        order: Message = {**basket, "order_id": order_id, "shipping": 0.0 if total >= 50 else 4.9}
        yield self._message("track", "", name="Order Completed", properties=order)
        memory.orders += 1
        memory.start_cart()
        self._wait(20, 90)
        if self._watched and self._throw.random() < 0.12:
            yield self._survey()
        if self._throw.random() < 0.07:
            yield self._refund(order)

    def _survey(self) -> Timed:
        score = min(10, max(0, round(self._throw.gauss(8.1, 1.9))))
        properties: Message = {"question": "recommend", "scale": "nps", "score": score}
        return self._track("Survey Answered", properties, "/thanks")

    def _afterwards(self, viewed: list[Product]) -> Iterator[Timed]:
        """What becomes of it later: a review of the last order, a price that falls."""
        memory, throw = self._memory, self._throw
        if self._watched and memory.orders and throw.random() < 0.06:
            stars = min(5, max(1, round(throw.gauss(4.2, 0.9))))
            order_id = f"o-{self._who.number:05d}-{memory.orders:03d}"
            yield self._track("Review Submitted", {"order_id": order_id, "stars": stars}, "/review")
        if self._watched and memory.is_known and viewed and throw.random() < 0.15:
            self._wait(20, 200)
            product = viewed[-1]
            drop: Message = {
                **_line(product), "was": product.price, "price": round(product.price * 0.8, 2),
            }  # fmt: skip
            yield self._message("track", "", name="Price Dropped", properties=drop)

    def _refund(self, order: Message) -> Timed:
        """Some days later; no page is open then."""
        self._at_us += round(self._throw.uniform(3, 14) * DAY_US)
        back: Message = {key: order[key] for key in ("order_id", "total", "currency", "products")}
        return self._message("track", "", name="Order Refunded", properties=back)

    def _basket(self) -> Message:
        lines: list[Json] = [{**_line(p), "quantity": n} for p, n in self._memory.cart]
        cents = sum(product.price_cents * amount for product, amount in self._memory.cart)
        return {
            "cart_id": f"c-{self._who.number:05d}-{self._memory.carts + 1:03d}",
            "total": cents / 100,
            "currency": "EUR",
            "items": sum(amount for _, amount in self._memory.cart),
            "products": lines,
        }

    def _pick(self) -> Product:
        """Mostly by taste, and the first products of a shelf more than the last."""
        if self._throw.random() < 0.75:
            shelf = SHELVES[self._throw.choice(self._who.tastes)]
            return shelf[int(len(shelf) * self._throw.random() ** 2)]
        return self._throw.choice(PRODUCTS)

    def _how_many(self, mean: float) -> int:
        return min(int(self._throw.expovariate(1 / mean)), 12)

    def _wait(self, least_s: float, most_s: float) -> None:
        self._at_us += round(self._throw.uniform(least_s, most_s) * SECOND_US * self._pace)

    def _track(self, event: str, properties: Message, path: str) -> Timed:
        return self._message("track", path, name=event, properties=properties)

    def _message(
        self, kind: str, path: str, *, name: str = "", properties: Message | None = None,
        traits: Message | None = None,
    ) -> Timed:  # fmt: skip
        """`path` empty: sent by the shop's server, which knows the account and not the device."""
        self._sent += 1
        digest = blake2b(f"{self._key}/{self._sent}".encode(), digest_size=12).hexdigest()
        message: Message = {"type": kind, "messageId": f"sim-{digest}"}
        if kind == "track":
            message["event"] = name
        elif name:
            message["name"] = name
        if path:
            message["anonymousId"] = self._device.anonymous_id
        signed_in = self._device.anonymous_id in self._memory.signed_in
        if signed_in or not path:
            message["userId"] = self._who.user_id
        if properties is not None:
            message["properties"] = properties
        if traits is not None:
            message["traits"] = traits
        message["context"] = self._context(path) if path else {"library": _SERVER}
        message["timestamp"] = rfc3339(self._at_us)
        return self._at_us, message

    def _context(self, path: str) -> Message:
        context: Message = {
            "library": _LIBRARY,
            "page": {"path": path, "url": SITE + path, "title": _title(path)},
            "userAgent": self._device.user_agent,
            "locale": self._who.locale,
            "timezone": self._who.timezone,
        }
        if self._campaign is not None:
            source, medium, name = self._campaign
            context["campaign"] = {"source": source, "medium": medium, "name": name}
        return context


def _line(product: Product) -> Message:
    return {
        "sku": product.sku,
        "name": product.name,
        "category": product.category,
        "price": product.price,
        "currency": "EUR",
    }


def _title(path: str) -> str:
    return path.strip("/").split("/")[0].capitalize() or "Home"
