/** A small table to try things on: a year of a café's sales, always the same. */

const ITEMS: [string, number][] = [
  ["Espresso", 2.4],
  ["Cappuccino", 3.6],
  ["Flat white", 3.9],
  ["Tea", 2.8],
  ["Croissant", 2.2],
  ["Cheesecake", 4.5],
];
const SHOPS = ["Harbour", "Market", "Station"];
const DAY_MS = 86_400_000;

export const SAMPLE_NAME = "cafe-sales.csv";

/** 365 days × 3 shops × 6 items as CSV. */
export function sampleCsv(): string {
  const lines = ["date,shop,item,quantity,price,total"];
  let seed = 7;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  for (let day = 0; day < 365; day++) {
    const date = new Date(Date.UTC(2025, 0, 1) + day * DAY_MS);
    const weekend = [0, 6].includes(date.getUTCDay()) ? 1.4 : 1;
    const season = 1 + 0.25 * Math.sin((day / 365) * 2 * Math.PI - 1.5);
    SHOPS.forEach((shop, s) =>
      ITEMS.forEach(([item, price], i) => {
        const quantity = Math.round((30 - 3 * i) * (1 + 0.3 * s) * weekend * season * (0.7 + 0.6 * random()));
        lines.push([date.toISOString().slice(0, 10), shop, item, quantity, price.toFixed(2), (quantity * price).toFixed(2)].join(","));
      }),
    );
  }
  return `${lines.join("\n")}\n`;
}
