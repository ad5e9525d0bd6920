// The stack of the AWS sample that Safelight replaces, as a Lambda function: Node.js with sharp, the AWS SDK
// and exif-reader behind an S3 Object Lambda access point. It calls the runtime API directly, which loads
// less code than Lambda's own client for Node.js.

import { S3Client, WriteGetObjectResponseCommand } from "@aws-sdk/client-s3";
import exifReader from "exif-reader";
import { Agent, request } from "node:http";
import sharp from "sharp";

const s3 = new S3Client({
  endpoint: process.env.AWS_ENDPOINT_URL_S3,
  // The local endpoint has no host names for routes.
  disableHostPrefix: true,
  maxAttempts: 1,
});

async function respond({ getObjectContext: { inputS3Url, outputRoute, outputToken }, userRequest }) {
  const image = await read(inputS3Url);
  const query = new URL(userRequest.url, "http://localhost").searchParams;
  const isExif = query.get("showExif")?.toLowerCase() === "true";
  const output = { RequestRoute: outputRoute, RequestToken: outputToken };
  if (isExif) {
    const { exif } = await sharp(image).metadata();
    const text = JSON.stringify(exif ? exifReader(exif) : {});
    Object.assign(output, { Body: text, ContentType: "application/json" });
  } else {
    // sharp drops metadata when it encodes; it cannot strip without encoding.
    Object.assign(output, { Body: await sharp(image).toBuffer(), ContentType: "image/jpeg" });
  }
  await s3.send(new WriteGetObjectResponseCommand(output));
}

const agent = new Agent({ keepAlive: true });
const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;

const read = async (url) => (await call("GET", url)).body;

function call(method, url, body) {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent }, async (response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({ headers: response.headers, body: Buffer.concat(chunks) });
    });
    sent.on("error", reject).end(body);
  });
}

for (;;) {
  const { headers, body } = await call("GET", `${api}/next`);
  await respond(JSON.parse(body));
  await call("POST", `${api}/${headers["lambda-runtime-aws-request-id"]}/response`, '{"statusCode":200}');
}
