// Uploads a file with an unmodified tus-js-client: node tus_client.mjs '{"endpoint", "token", "path", "name", …}'.
// Prints the upload's address once it is known, and at the end what the server said of the file.
import { createReadStream, statSync } from "node:fs";
import { PassThrough } from "node:stream";
import { Upload } from "tus-js-client";

const given = JSON.parse(process.argv[2]);
// A stream whose end nobody knows before it comes is none of a file to the client.
const stream = createReadStream(given.path);
const upload = new Upload(given.deferred ? stream.pipe(new PassThrough()) : stream, {
  endpoint: given.endpoint,
  uploadUrl: given.uploadUrl ?? null,
  headers: { Authorization: `Bearer ${given.token}` },
  metadata: { filename: given.name, filetype: "application/octet-stream" },
  ...(given.deferred ? { uploadLengthDeferred: true } : { uploadSize: statSync(given.path).size }),
  chunkSize: given.chunkSize ?? 16 * 2 ** 20,
  uploadDataDuringCreation: given.duringCreation ?? false,
  retryDelays: Array(given.retries ?? 0).fill(100),
  onUploadUrlAvailable: () => console.log(JSON.stringify({ url: upload.url })),
  onChunkComplete: (_size, accepted) => console.log(JSON.stringify({ accepted })),
  onError: (error) => {
    console.log(JSON.stringify({ error: error.message, status: error.originalResponse?.getStatus() ?? null }));
    process.exit(1);
  },
  onSuccess: ({ lastResponse }) => console.log(JSON.stringify({ file: JSON.parse(lastResponse.getHeader("Deita-File")) })),
});
upload.start();
