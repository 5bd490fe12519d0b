"use strict";
// Told by the environment: AIRTABLE_ENDPOINT_URL, AIRTABLE_API_KEY and WORKSPACE_ID of a running server.

const assert = require("node:assert/strict");
const { beforeEach, test } = require("node:test");
const Airtable = require("airtable");

const COUNT = 120;
const MISSING = "rec" + "A".repeat(14);
const endpoint = process.env.AIRTABLE_ENDPOINT_URL;
const airtable = new Airtable({ noRetryIfRateLimited: true, requestTimeout: 30000 });
const FIELDS = [
  { name: "Name", type: "singleLineText" },
  { name: "Notes", type: "multilineText" },
  { name: "Age", type: "number", options: { precision: 1 } },
  { name: "Member", type: "checkbox", options: { icon: "check", color: "greenBright" } },
  { name: "Team", type: "singleSelect", options: { choices: [{ name: "Red" }, { name: "Blue" }] } },
  { name: "Born", type: "date", options: { dateFormat: { name: "iso" } } },
  { name: "Mail", type: "email" },
  { name: "Site", type: "url" },
];
const FULL = {
  Name: "Ada “Lovelace” — \u{1f389}",
  Notes: "first line\nsecond",
  Age: 36.5,
  Member: true,
  Team: "Red",
  Born: "1815-12-10",
  Mail: "ada@example.org",
  Site: "https://example.org/ada?x=1&y=%20",
};

let base, people, tableId, fieldIds;

beforeEach(async () => {
  const name = "People & co / \u{1f415} 50%";
  const made = await createBase([{ name, fields: FIELDS }]);
  base = airtable.base(made.id);
  people = base(name);
  tableId = made.tables[0].id;
  fieldIds = Object.fromEntries(made.tables[0].fields.map((field) => [field.name, field.id]));
});

// airtable.js has no call for it.
async function createBase(tables) {
  const answer = await fetch(`${endpoint}/v0/meta/bases`, {
    method: "POST",
    headers: { authorization: `Bearer ${process.env.AIRTABLE_API_KEY}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "Club", workspaceId: process.env.WORKSPACE_ID, tables }),
  });
  assert.equal(answer.status, 200);
  return answer.json();
}

async function createCrowd() {
  const made = [];
  for (let age = 0; age < COUNT; age += 10) {
    const rows = Array.from({ length: 10 }, (_, i) => ({
      fields: { Name: `n${(age + i) % 7}`, Age: age + i },
    }));
    made.push(...(await people.create(rows)));
  }
  return made;
}

async function pagesOf(query) {
  const pages = [];
  await query.eachPage((records, fetchNextPage) => {
    pages.push(records);
    fetchNextPage();
  });
  return pages;
}

const raw = (records) => records.map((record) => record._rawJson);
const ages = (records) => records.map((record) => record.get("Age"));
const ids = (records) => records.map((record) => record.id);
const range = (start, end) => Array.from({ length: end - start }, (_, i) => start + i);
const sizes = (pages) => pages.map((page) => page.length);

async function refused(promise, expected) {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof Airtable.Error, `${error}`);
    assert.deepEqual({ ...error, message: undefined }, { ...expected, message: undefined });
    if (expected.message) assert.equal(error.message, expected.message);
    return true;
  });
}

const NOT_AUTHORIZED = { error: "NOT_AUTHORIZED", statusCode: 403 };
const UNAUTHENTICATED = { error: "AUTHENTICATION_REQUIRED", statusCode: 401 };
const UNKNOWN_FIELD = {
  error: "UNKNOWN_FIELD_NAME",
  statusCode: 422,
  message: 'Unknown field name: "Nope"',
};

test("a record of every field type comes back as it was created", async () => {
  const made = await people.create(FULL);

  assert.deepEqual(made.fields, FULL);
  assert.match(made.id, /^rec[A-Za-z0-9]{14}$/);
  assert.deepEqual((await people.find(made.id))._rawJson, made._rawJson);
  assert.deepEqual(raw(await people.select().all()), [made._rawJson]);
});

test("a table is found by its id", async () => {
  const made = await people.create(FULL);

  assert.deepEqual((await base(tableId).find(made.id)).fields, FULL);
  assert.deepEqual(ids(await base(tableId).select().firstPage()), [made.id]);
});

test("records created in tens come page by page, each once, in their order", async () => {
  const made = await createCrowd();
  const byDefault = await pagesOf(people.select());
  const small = await pagesOf(people.select({ pageSize: 50 }));

  assert.deepEqual(ages(made), range(0, COUNT));
  assert.equal(new Set(ids(made)).size, COUNT);
  assert.deepEqual(sizes(byDefault), [100, 20]);
  assert.deepEqual(sizes(small), [50, 50, 20]);
  assert.deepEqual(raw(byDefault.flat()), raw(made));
  assert.deepEqual(raw(small.flat()), raw(made));
  assert.deepEqual(raw(await people.select().all()), raw(made));
});

test("the first page, and a limit on the records", async () => {
  await createCrowd();

  assert.deepEqual(ages(await people.select({ pageSize: 7 }).firstPage()), range(0, 7));
  const pages = await pagesOf(people.select({ pageSize: 30, maxRecords: 70 }));
  assert.deepEqual(sizes(pages), [30, 30, 10]);
  assert.deepEqual(ages(pages.flat()), range(0, 70));
});

for (const method of ["get", "post"]) {
  test(`select sorts across pages and shows the fields asked for, by ${method}`, async () => {
    await createCrowd();
    const sort = [{ field: "Name", direction: "desc" }, { field: "Age" }];
    const pages = await pagesOf(people.select({ sort, fields: ["Age"], pageSize: 50, method }));

    assert.deepEqual(sizes(pages), [50, 50, 20]);
    assert.deepEqual(
      pages.flat().map((record) => record.fields),
      range(0, COUNT)
        .sort((one, other) => (other % 7) - (one % 7) || one - other)
        .map((age) => ({ Age: age })),
    );
  });
}

test("a selection too long for a URL is sent as a body", async () => {
  await createCrowd();
  const pages = await pagesOf(people.select({ fields: Array(2000).fill("Age"), pageSize: 100 }));

  assert.deepEqual(sizes(pages), [100, 20]);
  assert.deepEqual(
    pages.flat().map((record) => record.fields),
    range(0, COUNT).map((age) => ({ Age: age })),
  );
});

test("fields are written and shown by id", async () => {
  const byId = Object.fromEntries(Object.entries(FULL).map(([name, value]) => [fieldIds[name], value]));
  const [made] = await people.create([{ fields: byId }]);

  assert.deepEqual(made.fields, FULL);
  const [shown] = await people.select({ returnFieldsByFieldId: true }).firstPage();
  assert.deepEqual(shown.fields, byId);
});

test("the deprecated calls still list", async () => {
  await createCrowd();
  const [records, offset] = await new Promise((resolve, reject) => {
    people.list(40, undefined, (error, page, next) => (error ? reject(error) : resolve([page, next])));
  });
  const visited = [];
  await new Promise((resolve, reject) => {
    people.forEach({ sort: [{ field: "Age", direction: "desc" }] }, (record) => visited.push(record), (error) =>
      error ? reject(error) : resolve(),
    );
  });

  assert.deepEqual(ages(records), range(0, 40));
  assert.equal(typeof offset, "string");
  assert.deepEqual(ages(visited), range(0, COUNT).reverse());
});

test("an update keeps what it does not name, a replacement clears it", async () => {
  const { id } = await people.create(FULL);
  const { Notes, ...rest } = FULL;

  const updated = await people.update(id, { Age: 37, Notes: null });
  assert.deepEqual(updated.fields, { ...rest, Age: 37 });
  assert.deepEqual((await people.find(id)).fields, updated.fields);

  const replaced = await people.replace(id, { Name: "Ada" });
  assert.deepEqual(replaced.fields, { Name: "Ada" });
  assert.deepEqual((await people.find(id)).fields, { Name: "Ada" });
});

test("ten records are updated and replaced at once", async () => {
  const made = (await createCrowd()).slice(0, 10);
  const changes = made.map(({ id }, place) => ({ id, fields: { Age: -place } }));

  const updated = await people.update(changes);
  assert.deepEqual(ids(updated), ids(made));
  assert.deepEqual(
    updated.map((record) => record.fields),
    range(0, 10).map((place) => ({ Name: `n${place % 7}`, ...(place ? { Age: -place } : { Age: 0 }) })),
  );

  const replaced = await people.replace(changes);
  assert.deepEqual(
    replaced.map((record) => Object.keys(record.fields)),
    Array(10).fill(["Age"]),
  );
  assert.deepEqual(raw((await people.select().all()).slice(0, 10)), raw(replaced));
});

test("a fetched record saves, changes and destroys itself", async () => {
  const { id } = await people.create(FULL);
  const record = await people.find(id);

  record.set("Age", 40);
  await record.save();
  assert.deepEqual((await people.find(id)).fields, { ...FULL, Age: 40 });
  await record.patchUpdate({ Age: 41 });
  assert.equal((await people.find(id)).get("Age"), 41);
  await record.putUpdate({ Name: "Ada" });
  assert.deepEqual((await record.fetch()).fields, { Name: "Ada" });
  await record.destroy();
  await refused(people.find(id), NOT_AUTHORIZED);
});

test("destroyed records are gone, the others are not", async () => {
  const made = await createCrowd();
  const [single, ...batch] = made.slice(0, 11);

  assert.equal((await people.destroy(single.id)).id, single.id);
  assert.deepEqual(ids(await people.destroy(ids(batch))), ids(batch));
  assert.deepEqual(raw(await people.select().all()), raw(made.slice(11)));
});

test("an unknown field is refused by its name and nothing is written", async () => {
  const made = await people.create(FULL);

  await refused(people.create({ Nope: 1 }), UNKNOWN_FIELD);
  await refused(people.create([{ fields: { Age: 1 } }, { fields: { Nope: 1 } }]), UNKNOWN_FIELD);
  await refused(people.update(made.id, { Nope: 1 }), UNKNOWN_FIELD);
  await refused(people.replace([{ id: made.id, fields: { Nope: 1 } }]), UNKNOWN_FIELD);
  await refused(people.select({ fields: ["Nope"] }).all(), UNKNOWN_FIELD);
  await refused(people.select({ sort: [{ field: "Nope" }] }).firstPage(), UNKNOWN_FIELD);
  assert.deepEqual(raw(await people.select().all()), [made._rawJson]);
});

test("bad values and too many records are refused in Airtable's words", async () => {
  await refused(people.create({ Age: "old" }), {
    error: "INVALID_VALUE_FOR_COLUMN",
    statusCode: 422,
    message: 'Field "Age" cannot accept the provided value',
  });
  await refused(people.create(Array(11).fill({ fields: {} })), {
    error: "INVALID_RECORDS",
    statusCode: 422,
    message: "A maximum of 10 records can be created per request but you have provided 11.",
  });
  await refused(people.select({ pageSize: 101 }).firstPage(), {
    error: "INVALID_PAGE_SIZE_ARGUMENT",
    statusCode: 422,
  });
  await refused(people.create({ Notes: "x".repeat(5 * 1024 * 1024) }), {
    error: "REQUEST_TOO_LARGE",
    statusCode: 413,
  });
  assert.deepEqual(await people.select().all(), []);
});

test("missing records are told as Airtable tells them", async () => {
  await refused(people.find(MISSING), NOT_AUTHORIZED);
  await refused(people.update(MISSING, { Age: 1 }), NOT_AUTHORIZED);
  await refused(people.destroy(MISSING), NOT_AUTHORIZED);
  await refused(people.update([{ id: MISSING, fields: { Age: 1 } }]), {
    error: "ROW_DOES_NOT_EXIST",
    statusCode: 422,
    message: `Record ID ${MISSING} does not exist in this table`,
  });
  await refused(people.destroy([MISSING]), {
    error: "NOT_FOUND",
    statusCode: 404,
    message: `Could not find a record with ID "${MISSING}".`,
  });
});

test("unknown tables, bases and paths are refused", async () => {
  await refused(base("Nope").select().firstPage(), NOT_AUTHORIZED);
  await refused(base("Nope").create({ Name: "x" }), NOT_AUTHORIZED);
  await refused(airtable.base("app" + "A".repeat(14))("People").find(MISSING), NOT_AUTHORIZED);
  await refused(base.makeRequest({ path: "/a/b/c/d/e" }), {
    error: "NOT_FOUND",
    statusCode: 404,
    message: "Could not find what you are looking for",
  });
});

test("a bad token is refused before anything else", async () => {
  for (const apiKey of ["nonsense", `pat${"A".repeat(14)}.${"0".repeat(64)}`]) {
    const stranger = new Airtable({ apiKey }).base(base.getId())(tableId);

    await refused(stranger.select().firstPage(), UNAUTHENTICATED);
    await refused(stranger.find(MISSING), UNAUTHENTICATED);
    await refused(stranger.create({ Nope: 1 }), UNAUTHENTICATED);
    await refused(stranger.destroy([MISSING]), UNAUTHENTICATED);
  }
});
