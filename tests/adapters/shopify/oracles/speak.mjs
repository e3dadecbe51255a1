// Shopify's own library for JavaScript, asked over a pipe: one question a line, one answer a line, both JSON.
// It signs with the library's own helpers where it has them, so that encodings are the library's and not ours.
import {createRequire} from 'node:module';
import {createInterface} from 'node:readline';
import {pathToFileURL} from 'node:url';

const from = createRequire(`${process.argv[2]}/package.json`);
const load = async (name) => import(pathToFileURL(from.resolve(name)).href);
await load('@shopify/shopify-api/adapters/node');
const {shopifyApi, LogSeverity} = (await load('@shopify/shopify-api')).default;
const {createSHA256HMAC, HashFormat} = (await load('@shopify/shopify-api/runtime')).default;
// Not among what the library exports: what it holds a query's own signature against.
const {generateLocalHmac} = from(`${process.argv[2]}/node_modules/@shopify/shopify-api/dist/cjs/lib/utils/hmac-validator.js`);
const {getJwt} = (await load('@shopify/shopify-api/test-helpers')).default;

const library = (app) =>
  shopifyApi({
    apiKey: app.client_id,
    apiSecretKey: app.secret,
    apiVersion: '2026-10',
    hostName: 'comeback.example.com',
    isEmbeddedApp: true,
    logger: {level: LogSeverity.Error, log: () => undefined},
  });

const asked = {
  signWebhook: ({app, body}) => createSHA256HMAC(app.secret, body, HashFormat.Base64),
  validWebhook: async ({app, body, headers}) =>
    (await library(app).webhooks.validate({rawBody: body, rawRequest: {headers, method: 'POST', url: '/'}, rawResponse: {}}))
      .valid,
  signText: ({app, text}) => createSHA256HMAC(app.secret, text, HashFormat.Hex),
  signQuery: ({app, query, signator}) => generateLocalHmac({apiSecretKey: app.secret})(query, signator),
  validQuery: ({app, query, signator}) =>
    library(app).utils.validateHmac(Array.isArray(query) ? new URLSearchParams(query) : query, {signator}),
  makeToken: async ({app, shop, claims}) =>
    (await getJwt(shop.replace('.myshopify.com', ''), app.client_id, app.secret, claims)).token,
  readToken: ({app, token}) => library(app).session.decodeSessionToken(token),
};

for await (const line of createInterface({input: process.stdin})) {
  const {what, ...words} = JSON.parse(line);
  let answer;
  try {
    answer = {said: await asked[what](words)};
  } catch (error) {
    answer = {refused: `${error.name}: ${error.message}`};
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
