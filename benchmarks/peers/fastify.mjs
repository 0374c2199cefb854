// A create and a read of an order by Fastify with better-sqlite3, as their documentation advises.
import cluster from "node:cluster";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import Database from "better-sqlite3";
import Fastify from "fastify";

const { PEER_DATABASE, PEER_SECRET, PORT, WORKERS } = process.env;
const hashOf = (secret) => createHash("sha256").update(secret).digest("hex");

function open() {
  const database = new Database(PEER_DATABASE.replace("sqlite:///", ""), { timeout: 30_000 });
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.pragma("foreign_keys = ON");
  return database;
}

function prepare() {
  const database = open();
  database.exec(`
    CREATE TABLE IF NOT EXISTS token (secret_hash TEXT PRIMARY KEY, org_id TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS orders (
      id TEXT PRIMARY KEY, short_id TEXT NOT NULL UNIQUE, org_id TEXT NOT NULL, name TEXT,
      metadata TEXT NOT NULL, status TEXT NOT NULL, created_at TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS line (
      order_id TEXT NOT NULL REFERENCES orders (id), position INTEGER NOT NULL,
      configuration_id TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (order_id, position));
  `);
  database.prepare("INSERT INTO token VALUES (?, ?)").run(hashOf(PEER_SECRET), randomUUID());
  database.close();
}

function serve() {
  const database = open();
  const findToken = database.prepare("SELECT org_id FROM token WHERE secret_hash = ?");
  const addOrder = database.prepare("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?)");
  const addLine = database.prepare("INSERT INTO line VALUES (?, ?, ?, ?)");
  const findOrder = database.prepare("SELECT * FROM orders WHERE short_id = ? AND org_id = ?");
  const findLines = database.prepare(
    "SELECT configuration_id AS configurationId, count FROM line WHERE order_id = ? ORDER BY position",
  );
  const store = database.transaction((order, orgId) => {
    const { id, shortId, name, metadata, status, createdAt, cart } = order;
    addOrder.run(id, shortId, orgId, name, JSON.stringify(metadata), status, createdAt);
    cart.forEach((line, at) => addLine.run(id, at, line.configurationId, line.count));
  });

  const line = {
    type: "object",
    required: ["configurationId", "count"],
    properties: {
      configurationId: { type: "string", format: "uuid" },
      count: { type: "integer", minimum: 1 },
    },
  };
  const body = {
    type: "object",
    required: ["cart"],
    properties: {
      name: { type: ["string", "null"] },
      metadata: { type: "object", default: {}, additionalProperties: true },
      cart: { type: "array", minItems: 1, items: line },
    },
  };
  const answer = {
    ...body,
    properties: {
      id: { type: "string" },
      shortId: { type: "string" },
      status: { type: "string" },
      createdAt: { type: "string" },
      ...body.properties,
    },
  };

  const app = Fastify();
  app.decorateRequest("orgId", "");
  app.addHook("onRequest", async (request, reply) => {
    const secret = (request.headers.authorization ?? "").replace(/^Bearer /, "");
    const token = findToken.get(hashOf(secret));
    if (!token) return reply.code(401).send({ error: "unauthorized" });
    request.orgId = token.org_id;
  });
  app.post("/api/orders", { schema: { body, response: { 201: answer } } }, async (request, reply) => {
    const { name = null, metadata, cart } = request.body;
    const order = {
      id: randomUUID(), shortId: randomBytes(6).toString("hex"), name, metadata,
      status: "received", createdAt: new Date().toISOString(), cart,
    };
    store.immediate(order, request.orgId);
    reply.code(201);
    return order;
  });
  app.get("/api/orders/:shortId", { schema: { response: { 200: answer } } }, async (request, reply) => {
    const found = findOrder.get(request.params.shortId, request.orgId);
    if (!found) return reply.code(404).send({ error: "not found" });
    return {
      id: found.id, shortId: found.short_id, name: found.name, metadata: JSON.parse(found.metadata),
      status: found.status, createdAt: found.created_at, cart: findLines.all(found.id),
    };
  });
  app.listen({ port: Number(PORT), host: "127.0.0.1" });
}

if (process.argv[2] === "prepare") prepare();
else if (cluster.isPrimary) for (let at = 0; at < Number(WORKERS); at += 1) cluster.fork();
else serve();
