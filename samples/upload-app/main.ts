/**
 * A workload with a blob container: leaves a greeting there, and prints the names of all blobs. Mooring's ConfigMap gives it
 * STORAGE_BLOB_ENDPOINT and STORAGE_BLOB_CONTAINER; it holds no key.
 */
import { endWith, readSetting } from "../message-app/settings.ts";
import { listBlobs, putBlob } from "./blobs.ts";

await endWith(async () => {
  const container = {
    endpoint: readSetting("STORAGE_BLOB_ENDPOINT"),
    container: readSetting("STORAGE_BLOB_CONTAINER"),
  };
  await putBlob(container, "greeting.txt", "No key was needed.");
  return await listBlobs(container);
});
