import { together } from "../operation/together.ts";
import { federation } from "./federatedCredential.ts";
import { serviceAccountAnnotation } from "./serviceAccount.ts";

/** Lets pods of the service account become the identity: the cluster's half and Azure's half. */
export const connectWorkload = together("connectWorkload", serviceAccountAnnotation, federation);
