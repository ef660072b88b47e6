import { randomUUID } from "node:crypto";
import { generate } from "selfsigned";

/** One self-signed certificate for every simulated service, in PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly privateKey: string;
}

export async function createCertificate(): Promise<Certificate> {
  // OpenSSL finds a trusted certificate by its subject and takes the first match, so subjects must be unique.
  const subject = `Mooring sandbox ${randomUUID()}`;
  const made = await generate([{ name: "commonName", value: subject }], {
    // Every sandbox generates a key and every handshake signs with it: a tenth of the cost of RSA.
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
          // Go's Service Bus client checks the namespace's name even if another endpoint takes its place.
          { type: 2, value: "*.servicebus.windows.net" },
          // The token proxy of a cluster is asked for by a name of its own.
          { type: 2, value: "*.identity-binding.sandbox" },
          { type: 7, ip: "127.0.0.1" },
        ],
      },
    ],
  });
  return { certificate: made.cert, privateKey: made.private };
}
