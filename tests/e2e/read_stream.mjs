// Decodes a stream with what Node.js has, and writes what it hands out as soon as it does.
//
//     node read_stream.mjs fetch|http CODING URL
//
// "fetch" is the standard function, "http" the older module with a stream of zlib behind it. Both
// ask for the coding only. With --codings instead, prints the codings that can be decoded.

import http from "node:http";
import zlib from "node:zlib";

const decoders = {
  gzip: zlib.createGunzip,
  deflate: zlib.createInflate,
  br: zlib.createBrotliDecompress,
  zstd: zlib.createZstdDecompress, // since 22.15
};
const [way, coding, url] = process.argv.slice(2);
const headers = { "Accept-Encoding": coding };

function check(used) {
  if (used !== coding) throw new Error(`the answer is coded as ${used}`);
}

if (way === "--codings") {
  console.log(Object.keys(decoders).filter((name) => decoders[name]).join(" "));
} else if (way === "fetch") {
  const response = await fetch(url, { headers });
  check(response.headers.get("Content-Encoding"));
  for await (const piece of response.body) process.stdout.write(piece);
} else {
  http.get(url, { headers }, (response) => {
    check(response.headers["content-encoding"]);
    response.pipe(decoders[coding]()).pipe(process.stdout);
  });
}
