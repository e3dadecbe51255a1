// A library for OAuth 1.0a of somebody else's, asked over a pipe: one call a line, one signature a line, both JSON.
import {createHmac} from 'node:crypto';
import {createRequire} from 'node:module';
import {createInterface} from 'node:readline';

const OAuth = createRequire(`${process.argv[2]}/package.json`)('oauth-1.0a');

for await (const line of createInterface({input: process.stdin})) {
  const {consumer, secret, method, url, said} = JSON.parse(line);
  const library = new OAuth({
    consumer,
    signature_method: said.oauth_signature_method,
    hash_function: (text, key) => createHmac('sha256', key).update(text).digest('base64'),
  });
  process.stdout.write(`${JSON.stringify(library.getSignature({url, method, data: {}}, secret, said))}\n`);
}
