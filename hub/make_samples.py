"""Makes the sample tables that a first workspace begins with: `python hub/make_samples.py`.

A small shop's products and two years of its sales, invented here and free to use like the rest of Deita. The
generator is seeded, so running it again writes the same bytes.
"""

from __future__ import annotations

import csv
import random
from datetime import date, timedelta
from pathlib import Path

FOLDER = Path(__file__).parent / "deita_hub" / "samples"
SALES = 2000
FIRST, LAST = date(2024, 1, 2), date(2025, 12, 30)
CITIES = {"Lisbon": 5, "Porto": 4, "Braga": 2, "Coimbra": 2, "Faro": 1}
CHANNELS = {"shop": 6, "online": 4}
PRODUCTS = (
    ("House blend 250 g", "coffee", 7.90, 3.60, 10),
    ("House blend 1 kg", "coffee", 26.50, 13.20, 7),
    ("Ethiopia Guji 250 g", "coffee", 11.80, 5.90, 6),
    ("Colombia Huila 250 g", "coffee", 10.40, 5.10, 6),
    ("Decaf 250 g", "coffee", 9.20, 4.40, 3),
    ("Espresso dark 1 kg", "coffee", 24.90, 12.10, 5),
    ("Green tea Sencha 100 g", "tea", 8.60, 3.90, 4),
    ("Earl Grey 100 g", "tea", 6.90, 2.80, 4),
    ("Rooibos vanilla 100 g", "tea", 6.40, 2.50, 3),
    ("Oolong 50 g", "tea", 12.50, 6.30, 1),
    ("Moka pot 3 cups", "equipment", 29.90, 15.00, 2),
    ("Moka pot 6 cups", "equipment", 38.90, 20.50, 2),
    ("Hand grinder", "equipment", 64.00, 36.00, 1),
    ("Pour-over dripper", "equipment", 18.50, 7.80, 2),
    ("Paper filters, 100", "equipment", 4.20, 1.30, 8),
    ("Stoneware mug", "equipment", 14.00, 5.20, 4),
    ("Gift box small", "gifts", 22.00, 11.50, 2),
    ("Gift box large", "gifts", 45.00, 24.00, 1),
)


def main() -> None:
    """Write both files."""
    chance = random.Random(2024)
    _write("products.csv", ["product_id", "name", "category", "price", "cost", "since"], _products(chance))
    _write(
        "sales.csv",
        ["sale_id", "date", "product_id", "city", "channel", "quantity", "discount", "amount"],
        _sales(chance),
    )


def _products(chance: random.Random) -> list[list[object]]:
    return [
        [number, name, category, f"{price:.2f}", f"{cost:.2f}", FIRST - timedelta(days=chance.randrange(30, 1500))]
        for number, (name, category, price, cost, _) in enumerate(PRODUCTS, start=1)
    ]


def _sales(chance: random.Random) -> list[list[object]]:
    """Busier on Saturdays and before Christmas, a little more every year."""
    days = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
    open_days = [day for day in days if day.weekday() != 6]
    moments = sorted(chance.choices(open_days, weights=[_weight(day) for day in open_days], k=SALES))
    return [_sale(chance, number, day) for number, day in enumerate(moments, start=1)]


def _weight(day: date) -> float:
    season = {11: 1.3, 12: 1.9, 7: 0.8, 8: 0.7}.get(day.month, 1.0)
    return season * (1.6 if day.weekday() == 5 else 1.0) * (1.18 if day.year == 2025 else 1.0)


def _sale(chance: random.Random, number: int, day: date) -> list[object]:
    weights = [weight * (4 if kind == "gifts" and day.month == 12 else 1) for _, kind, _, _, weight in PRODUCTS]
    product = chance.choices(range(len(PRODUCTS)), weights=weights)[0]
    quantity = chance.choices((1, 2, 3, 4, 6, 12), weights=(60, 22, 8, 5, 4, 1))[0]
    discount = chance.choices((0, 5, 10, 20), weights=(82, 8, 7, 3))[0]
    cents = round(PRODUCTS[product][2] * 100) * quantity * (100 - discount)
    city = chance.choices(list(CITIES), weights=list(CITIES.values()))[0]
    channel = chance.choices(list(CHANNELS), weights=list(CHANNELS.values()))[0]
    return [
        number,
        day.isoformat(),
        product + 1,
        city,
        channel,
        quantity,
        discount or "",
        f"{round(cents / 100) / 100:.2f}",
    ]


def _write(name: str, header: list[str], rows: list[list[object]]) -> None:
    with (FOLDER / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


main()
