import { client } from "./generated/hey/client.gen.ts";
import { addLines, changeOrder, createOrder, listOrders, readOrder } from "./generated/hey/sdk.gen.ts";
import { CHAIR, DESK, TOKEN, number, walk } from "./walk.ts";

// The address is that of the document.
client.setConfig({ auth: () => TOKEN, throwOnError: true });
const throwOnError = true;

await walk("hey-api", {
  create: async () =>
    (
      await createOrder({
        throwOnError,
        body: {
          name: "Reception",
          platform: { id: number("hey-api"), platform: "shopify" },
          metadata: { finish: "matt", rooms: [{ floor: 2 }] },
          cart: [{ configurationId: CHAIR, count: 2 }],
        },
      })
    ).data,
  read: async (reference) => (await readOrder({ throwOnError, path: { reference } })).data,
  find: async (platform) =>
    (await listOrders({ throwOnError, query: { platform, status: ["New", "In Progress"] } })).data
      .orders,
  change: async (reference) =>
    (
      await changeOrder({
        throwOnError,
        path: { reference },
        body: { name: null, status: "In Progress" },
      })
    ).data,
  addLines: async (reference) =>
    (
      await addLines({
        throwOnError,
        path: { reference },
        body: [{ configurationId: DESK, count: 3 }],
      })
    ).data,
  isRefused: async () => {
    const { error } = await createOrder({ body: { cart: [] }, throwOnError: false });
    return (error?.errors ?? []).map((one) => one.path);
  },
});
