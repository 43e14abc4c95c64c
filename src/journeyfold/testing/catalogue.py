"""The shelves of the simulated shop: eight categories of fifteen products, prices in cents."""

from __future__ import annotations

import msgspec


class Product(msgspec.Struct, frozen=True):
    sku: str
    name: str
    category: str
    price_cents: int

    @property
    def price(self) -> float:
        return self.price_cents / 100


_SHELVES = {
    "shoes": (
        "Trail Runner Fell 9990, Road Runner Luma 11995, Leather Sneaker Oslo 8995, "
        "Canvas Sneaker Porto 4995, Hiking Boot Karwendel 18995, Winter Boot Tromso 15995, "
        "Approach Shoe Granit 13995, Chelsea Boot Camden 12995, Sandal Kreta 5995, "
        "Slipper Alma 3995, Ballerina Lido 6995, Barefoot Shoe Koda 9495, Clog Malmo 7495, "
        "Rain Boot Husum 4495, Football Boot Rapid 7995"
    ),
    "bags": (
        "City Tote Lyon 7995, Leather Shopper Verona 14995, Crossbody Nizza 5995, "
        "Belt Bag Delta 2995, Weekender Bremen 10995, Laptop Bag Kontor 8995, Gym Bag Arena 3995, "
        "Messenger Kurier 9995, Clutch Opera 4495, Bucket Bag Siena 8495, Wash Bag Reise 2495, "
        "Foldable Shopper Markt 1495, Garment Bag Milano 6995, Camera Bag Linse 11995, "
        "Phone Pouch Takt 1995"
    ),
    "jackets": (
        "Rain Jacket Sylt 12995, Down Jacket Zermatt 22995, Softshell Allgau 11995, "
        "Parka Rügen 17995, Wind Jacket Feder 7995, Insulated Vest Nord 8995, "
        "Hardshell Ortler 32995, Trench Coat Mitte 16995, Wool Coat Ahoi 21995, "
        "Denim Jacket Ruhr 7495, Bomber Hafen 9995, Poncho Regen 3995, Ski Jacket Arlberg 27995, "
        "Running Jacket Puls 8495, Fleece Jacket Harz 5995"
    ),
    "knitwear": (
        "Merino Jumper Inn 8995, Lambswool Cardigan Föhr 9995, Cashmere Scarf Linz 11995, "
        "Cable Knit Friesland 7995, Cotton Jumper Elbe 4995, Alpaca Hat Anden 3495, "
        "Fingerless Gloves Kiel 1995, Turtleneck Graz 5995, Knit Dress Basel 8495, "
        "Pullunder Wien 4995, Hiking Socks Two Pairs 2495, Beanie Docker 1995, "
        "Headband Merino 1795, Poncho Lana 9495, Baby Blanket Wolke 3995"
    ),
    "backpacks": (
        "Daypack Isar 20 L 7995, Trekking Pack Alta 55 L 19995, Commuter Pack Tram 24 L 9995, "
        "Roll Top Spree 22 L 8995, Kids Pack Fuchs 8 L 3995, Climbing Pack Fels 30 L 12995, "
        "Trail Vest Flink 10 L 10995, Packable Pack Mini 15 L 2995, Bike Pack Speiche 14 L 8495, "
        "Carry-On Globe 38 L 14995, Ski Touring Pack Firn 28 L 13995, School Pack Pause 26 L 8995, "
        "Picnic Pack Wiese 18 L 6995, Photo Pack Motiv 21 L 15995, Travel Pack Nomad 45 L 16995"
    ),
    "camping": (
        "Two Person Tent Biwak 24995, Family Tent Camp 4 44995, Sleeping Bag Polar 15995, "
        "Sleeping Mat Luft 8995, Gas Stove Flamme 4995, Titanium Pot 0.9 L 5495, Headlamp Lux 3995, "
        "Camping Chair Rast 5995, Folding Table Tisch 6995, Water Filter Quell 4495, "
        "Hammock Siesta 4995, Insulated Bottle 0.75 L 2995, Cutlery Set Göffel 995, "
        "Camping Lantern Glut 2995, Dry Bag 20 L 1995"
    ),
    "accessories": (
        "Leather Belt Sattel 3995, Silk Scarf Como 6995, Sunglasses Riviera 8995, "
        "Umbrella Wolkenbruch 2995, Wallet Taler 4995, Key Ring Anker 995, Baseball Cap Plan 2495, "
        "Watch Strap Nato 1995, Touch Gloves Bahn 2995, Reflective Band Blink 995, "
        "Shoe Care Set Glanz 1495, Insoles Komfort 1795, Laces Three Pairs 695, "
        "Bike Lock Riegel 5495, Bandana Punkt 1295"
    ),
    "kids": (
        "Kids Rain Suit Pfütze 4995, Kids Boot Stapf 3995, Kids Sneaker Hüpf 4495, "
        "Kids Fleece Bär 2995, Kids Hat Zipfel 1495, Kids Mittens Tatze 1295, "
        "Kids Sandal Strand 2995, Kids Softshell Wichtel 5995, Kids Sleeping Bag Traum 6995, "
        "Kids Bottle Dino 1495, Kids Headlamp Glühwurm 1995, Kids Backpack Igel 2995, "
        "Kids Ski Set Hopp 7995, Kids Sunglasses Pop 1495, Kids Poncho Frosch 2495"
    ),
}


def _shelf(category: str, text: str) -> list[Product]:
    products = []
    for number, entry in enumerate(text.split(", "), 1):
        name, cents = entry.rsplit(" ", 1)
        products.append(Product(f"{category[:3].upper()}-{number:02d}", name, category, int(cents)))
    return products


SHELVES = {category: tuple(_shelf(category, text)) for category, text in _SHELVES.items()}
CATEGORIES = tuple(SHELVES)
PRODUCTS = tuple(product for shelf in SHELVES.values() for product in shelf)
