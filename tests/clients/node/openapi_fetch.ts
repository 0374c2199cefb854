import createClient from "openapi-fetch";

import type { paths } from "./generated/schema.ts";
import { ADDRESS, CHAIR, DESK, TOKEN, number, walk } from "./walk.ts";

const client = createClient<paths>({
  baseUrl: ADDRESS,
  headers: { Authorization: `Bearer ${TOKEN}` },
});

function got<T>(answer: { data?: T; error?: unknown }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

await walk("openapi-fetch", {
  create: async () =>
    got(
      await client.POST("/api/orders", {
        body: {
          name: "Reception",
          platform: { id: number("openapi-fetch"), platform: "shopify" },
          metadata: { finish: "matt", rooms: [{ floor: 2 }] },
          cart: [{ configurationId: CHAIR, count: 2, metadata: null }],
        },
      }),
    ),
  read: async (reference) =>
    got(await client.GET("/api/orders/{reference}", { params: { path: { reference } } })),
  find: async (platform) =>
    got(
      await client.GET("/api/orders", {
        params: { query: { platform, status: ["New", "In Progress"], bearer_token: TOKEN } },
      }),
    ).orders,
  change: async (reference) =>
    got(
      await client.PUT("/api/orders/{reference}", {
        params: { path: { reference } },
        body: { name: null, status: "In Progress" },
      }),
    ),
  addLines: async (reference) =>
    got(
      await client.POST("/api/orders/{reference}/cart", {
        params: { path: { reference } },
        body: [{ configurationId: DESK, count: 3 }],
      }),
    ),
  isRefused: async () => {
    const { error } = await client.POST("/api/orders", { body: { cart: [] } });
    return (error?.errors ?? []).map((one) => one.path);
  },
});
