// The server of ipx: node ipx.mjs FOLDER PORT. It runs in the folder whose node_modules contains ipx; see run.

import { createServer } from "node:http";
import { createIPX, createIPXNodeServer, ipxFSStorage } from "ipx";
import sharp from "sharp";

// Every request is computed: ipx keeps no results, and sharp's cache of operations and files is off.
sharp.cache(false);

const [folder, port] = process.argv.slice(2);
const ipx = createIPX({ storage: ipxFSStorage({ dir: folder }) });
createServer(createIPXNodeServer(ipx)).listen(Number(port), "127.0.0.1");
