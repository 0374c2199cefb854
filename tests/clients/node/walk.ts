// What each generated client does with the product, and what must come of it.
import assert from "node:assert/strict";

export const TOKEN = process.env.TOKEN ?? "";
export const ADDRESS = process.env.ADDRESS ?? "";
export const CHAIR = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11";
export const DESK = "9d2c5f0a-31be-4a7e-8a0e-5a9f6be4d220";

// The platform's own order number; each client has one, so that it finds its own order.
export const number = (client: string) => `${client}-5001`;

export interface Order {
  id: string;
  shortId: string;
  name: string | null;
  status: string;
  metadata: { [key: string]: unknown };
  cart: { configurationId: string; count: number }[];
}

export interface Client {
  create(): Promise<Order>;
  read(shortId: string): Promise<Order>;
  find(platform: string): Promise<Order[]>;
  change(id: string): Promise<Order>;
  addLines(id: string): Promise<Order>;
  isRefused(): Promise<string[]>;
}

export async function walk(name: string, client: Client): Promise<void> {
  const made = await client.create();
  assert.equal(made.status, "New");
  assert.deepEqual(made.metadata, { finish: "matt", rooms: [{ floor: 2 }] });
  assert.deepEqual(await client.read(made.shortId), made);

  const found = await client.find(JSON.stringify({ id: number(name) }));
  assert.deepEqual(found.map((order) => order.id), [made.id]);
  assert.deepEqual(await client.find(JSON.stringify({ id: "nobody's" })), []);

  const changed = await client.change(made.id);
  assert.deepEqual([changed.name, changed.status], [null, "In Progress"]);

  const grown = await client.addLines(made.id);
  const lines = grown.cart.map((line) => [line.configurationId, line.count]);
  assert.deepEqual(lines, [[CHAIR, 2], [DESK, 3]]);

  assert.deepEqual(await client.isRefused(), ["cart"]);
  console.log(`${name}: done`);
}
