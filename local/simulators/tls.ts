import { randomUUID } from "node:crypto";
import { generate } from "selfsigned";

/** One certificate for every simulated service; it is its own authority. PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly privateKey: string;
}

export async function createCertificate(): Promise<Certificate> {
  // OpenSSL looks a trusted certificate up by its subject and takes the first one, so no two may share theirs.
  const subject = `Mooring sandbox ${randomUUID()}`;
  const made = await generate([{ name: "commonName", value: subject }], {
    // Made anew for every sandbox, and signed with in every handshake: a tenth of what RSA costs.
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, digitalSignature: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
        ],
      },
    ],
  });
  return { certificate: made.cert, privateKey: made.private };
}
