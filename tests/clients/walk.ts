// Use the API with the types that openapi-typescript generated, from a token to a revocation.
//
// node walk.js ADDRESS CLIENT_ID CLIENT_SECRET

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./api.js";

type Api = Client<paths>;
type EarnType = components["schemas"]["EarnType"];

const BADGES = "/api_gateway/v1/badges";
const RUN = randomUUID();
const TRIGGER = { ownerType: "Loyalty", referenceId: "123694" } as const;
const [FIRST, SECOND, THIRD] = [62090013, 62090014, 62090015];

function present<T>(answer: { data?: T; error?: unknown }): T {
  assert.ok(answer.data !== undefined, JSON.stringify(answer.error));
  return answer.data;
}

async function authorization(address: string, id: string, secret: string): Promise<string> {
  const pair = Buffer.from(`${id}:${secret}`).toString("base64");
  const client = createClient<paths>({ baseUrl: address });
  const answer = await client.POST("/o/token", {
    body: { grant_type: "client_credentials", scope: "badges" },
    headers: {
      Authorization: `Basic ${pair}`,
      "Content-Type": "application/x-www-form-urlencoded",
    },
  });
  const token = present(answer);
  return `${token.token_type} ${token.access_token}`;
}

async function created(client: Api, earnType: EarnType): Promise<string> {
  const body = {
    name: `${earnType} ${RUN}`,
    earnType,
    active: true,
    startOnISO: "2026-01-01T00:00:00Z",
    expiresOnISO: "2090-01-01T00:00:00Z",
    earnedBadgeExpiry: { expiryType: "RELATIVE", relativeExpirytype: "WEEKS", value: 2 },
    issuedBadgeExpiry: earnType === "ISSUE_EARN" ? { expiryType: "NEVER" } : null,
    ownership: { restrictedToOwners: ["Loyalty"] },
  } satisfies components["schemas"]["BadgeRequest"];
  const badge = present(await client.POST(`${BADGES}/badgeMeta`, { body })).data;
  const changed = await client.PUT(`${BADGES}/badgeMeta`, {
    body: { ...body, id: badge.id, badgeRank: 3 },
  });
  assert.equal(present(changed).data.badgeRank, 3);
  const claim = await client.POST(`${BADGES}/badgeMeta/{badgeId}/claim`, {
    params: { path: { badgeId: badge.id } },
    body: TRIGGER,
  });
  assert.equal(present(claim).data.isActive, true);
  return badge.id;
}

async function receipt(
  client: Api,
  requestId: string | number,
  operation: components["schemas"]["ReceiptOperation"],
) {
  const answer = await client.GET(`${BADGES}/requests/{requestId}`, {
    params: { path: { requestId: String(requestId) } },
  });
  const { data } = present(answer);
  assert.deepEqual([data.requestId, data.operation], [requestId, operation]);
  return data;
}

async function enrolled(client: Api, badgeMetaId: string): Promise<void> {
  const about = { badgeMetaId, triggeredBy: TRIGGER };
  const enrol = await client.POST(`${BADGES}/badgeMeta/customer/issueBulk`, {
    body: { ...about, customers: [FIRST, SECOND], requestId: `${RUN}-enrol` },
  });
  const issued = present(enrol).data.issuedBadges.map((item) => item.issuedId);
  let told = await receipt(client, `${RUN}-enrol`, "ENROL_BULK");
  assert.deepEqual(told.outcomes.map((item) => item.issuedId), issued);
  assert.deepEqual(told.triggeredBy, TRIGGER);

  const bulk = await client.POST(`${BADGES}/customer/earnBulk`, {
    body: { ...about, customerIds: [FIRST, SECOND, THIRD], requestId: `${RUN}-bulk` },
  });
  assert.equal(present(bulk).data.earnedCount, 2);
  told = await receipt(client, `${RUN}-bulk`, "EARN_BULK");
  assert.deepEqual([told.failedCount, told.customerId], [1, null]);

  const revoke = await client.POST(`${BADGES}/badgeMeta/customer/revokeIssue`, {
    body: { badgeMetaId, customers: [FIRST], requestId: `${RUN}-revoke-enrolment` },
  });
  assert.equal(present(revoke).data.revokedIssuedBadges[0]?.error, null);
  await receipt(client, `${RUN}-revoke-enrolment`, "REVOKE_ENROLMENT");
}

async function given(client: Api, badgeMetaId: string): Promise<void> {
  const requestId = Math.floor(Math.random() * 2 ** 50);
  const body = { badgeMetaId, customerId: FIRST, requestId, triggeredBy: TRIGGER };
  const earn = await client.POST(`${BADGES}/customer/earn`, {
    body,
    params: { header: { "Idempotency-Key": RUN } },
  });
  const { earnedBadgeId } = present(earn).data;
  const repeat = await client.POST(`${BADGES}/customer/earn`, { body });
  assert.equal(repeat.error?.errors[0]?.code, 809);
  assert.equal((await receipt(client, requestId, "EARN")).earnedBadgeId, earnedBadgeId);

  const held = await client.GET(`${BADGES}/customer/{customerId}`, {
    params: { path: { customerId: FIRST }, query: { badgeType: "EARNED" } },
  });
  assert.equal(present(held).data.badges[0]?.earnedBadgeId, earnedBadgeId);
  const detail = await client.GET(`${BADGES}/management/{customerId}/badge/{badgeId}`, {
    params: {
      path: { customerId: FIRST, badgeId: badgeMetaId },
      query: { includeStatistics: true },
    },
  });
  assert.equal(present(detail).data.activeEarnedCount, 1);

  const revoke = await client.POST(`${BADGES}/customer/revokeEarn`, {
    body: { badgeMetaId, customerId: FIRST, earnedBadgeId, requestId: `${RUN}-revoke` },
  });
  assert.equal(present(revoke).data.isActive, false);
  await receipt(client, `${RUN}-revoke`, "REVOKE_EARN");
}

async function imported(client: Api, badgeMetaId: string): Promise<void> {
  const batch = `${RUN}-import`;
  const answer = await client.POST(`${BADGES}/import/customerBadges`, {
    params: { header: { "X-CAP-REQUEST-ID": batch } },
    body: [
      {
        badgeMetaId,
        customerId: String(SECOND),
        earnEventDateISO: "2026-02-01T00:00:00Z",
        earnExpiresOnISO: "2090-01-01T00:00:00Z",
      },
    ],
  });
  assert.equal(present(answer)[0]?.data?.customerId, SECOND);
  await receipt(client, batch, "IMPORT_EARNED");
}

const [address = "", id = "", secret = ""] = process.argv.slice(2);
const client = createClient<paths>({
  baseUrl: address,
  headers: { Authorization: await authorization(address, id, secret) },
  querySerializer: { array: { style: "form", explode: false } },
});
const direct = await created(client, "EARN");
await given(client, direct);
await enrolled(client, await created(client, "ISSUE_EARN"));
await imported(client, direct);
const page = await client.GET(`${BADGES}/badgeMeta`, {
  params: { query: { status: ["LIVE", "UPCOMING"], owner: "Loyalty" } },
});
assert.ok(present(page).data.pagination.total >= 2);
