// The stack of AWS's sample of image frames behind CloudFront, without its token check: Fastify receives a
// GET, aws4 signs the resulting POST, and the response is streamed back.

import aws4 from "aws4";
import Fastify from "fastify";
import { Agent, request } from "node:http";

const { hostname, port } = new URL(process.env.SAFELIGHT_HEALTHIMAGING_ENDPOINT);
const [host, listen] = process.env.SAFELIGHT_LISTEN.split(":");
const region = process.env.AWS_REGION;
const agent = new Agent({ keepAlive: true });

function ask(path, body) {
  const options = {
    service: "medical-imaging",
    region,
    method: "POST",
    host: `${hostname}:${port}`,
    path,
    headers: { "Content-Type": "application/json" },
    body,
  };
  aws4.sign(options);
  return new Promise((resolve, reject) => {
    request({ ...options, host: hostname, port, agent }, resolve).on("error", reject).end(body);
  });
}

const app = Fastify({ logger: false });
app.get("/healthz", async () => "ok\n");
app.get("/datastore/:store/imageSet/:set/getImageFrame", async (incoming, reply) => {
  const { store, set } = incoming.params;
  const path = `/datastore/${store}/imageSet/${set}/getImageFrame`;
  const answer = await ask(path, JSON.stringify({ imageFrameId: incoming.query.imageFrameId }));
  reply.code(answer.statusCode).header("content-type", answer.headers["content-type"]);
  reply.header("content-length", answer.headers["content-length"]);
  return reply.send(answer);
});
await app.listen({ host, port: Number(listen) });
