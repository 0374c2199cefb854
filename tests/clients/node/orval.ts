import { addLines, changeOrder, createOrder, listOrders, readOrder } from "./generated/orval.ts";
import {
  addLinesBody,
  changeOrderBody,
  createOrderBody,
  listOrdersQueryParams,
  listOrdersResponse,
  readOrderResponse,
} from "./generated/zod.ts";
import { CHAIR, DESK, TOKEN, number, walk } from "./walk.ts";

// The address is that of the document. What is sent and what comes back is checked by zod.
const options = { headers: { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" } };

function refused(answer: { status: number; data: unknown }): never {
  throw new Error(`${answer.status} ${JSON.stringify(answer.data)}`);
}

await walk("orval", {
  create: async () => {
    const body = createOrderBody.parse({
      name: "Reception",
      platform: { id: number("orval"), platform: "shopify" },
      metadata: { finish: "matt", rooms: [{ floor: 2 }] },
      cart: [{ configurationId: CHAIR, count: 2, metadata: null }],
    });
    const answer = await createOrder(body, undefined, options);
    if (answer.status !== 201) return refused(answer);
    readOrderResponse.parse(answer.data);
    return answer.data;
  },
  read: async (reference) => {
    const answer = await readOrder(reference, undefined, options);
    return answer.status === 200 ? answer.data : refused(answer);
  },
  find: async (platform) => {
    const query = listOrdersQueryParams.parse({ platform, status: ["New", "In Progress"] });
    const answer = await listOrders(query, options);
    if (answer.status !== 200) return refused(answer);
    listOrdersResponse.parse(answer.data);
    return answer.data.orders;
  },
  change: async (reference) => {
    const body = changeOrderBody.parse({ name: null, status: "In Progress" });
    const answer = await changeOrder(reference, body, undefined, options);
    return answer.status === 200 ? answer.data : refused(answer);
  },
  addLines: async (reference) => {
    const body = addLinesBody.parse([{ configurationId: DESK, count: 3 }]);
    const answer = await addLines(reference, body, undefined, options);
    return answer.status === 200 ? answer.data : refused(answer);
  },
  isRefused: async () => {
    const answer = await createOrder({ cart: [] }, undefined, options);
    return answer.status === 422 ? (answer.data.errors ?? []).map((one) => one.path) : [];
  },
});
