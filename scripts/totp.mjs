// An authenticator app (RFC 6238: SHA-1, six digits, 30 s): `node scripts/totp.mjs SECRET` prints the code of this moment.
import { createHmac } from "node:crypto";
import { fileURLToPath } from "node:url";

const STEP = 30;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** RFC 4648 §6, however it is grouped. */
function unbase32(text) {
  const bits = [...text.replace(/\s/g, "")].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

/** The code, and for how many seconds it will be shown. */
export function code(secret) {
  const now = Math.floor(Date.now() / 1000);
  const moment = Buffer.alloc(8);
  moment.writeBigUInt64BE(BigInt(Math.floor(now / STEP)));
  const tag = createHmac("sha1", unbase32(secret)).update(moment).digest();
  const number = tag.readUInt32BE(tag.at(-1) & 0xf) & 0x7fffffff;
  return { code: String(number % 1_000_000).padStart(6, "0"), left: STEP - (now % STEP) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(`${code(process.argv[2]).code}\n`);
