// The public surface of @chorus/node.
export type { Permission } from "@chorus/core";
export type { Authenticate } from "./authentication.js";
export type { Credentials } from "./basic-auth.js";
export { createDialler, type DiallerOptions, dialWebSocket, type Pem } from "./dialler.js";
export { Endpoint, type Exposure } from "./endpoint.js";
export type { EndpointOptions } from "./endpoint-options.js";
export type { ExposeOptions, OnRequest } from "./expose-options.js";
export { type OpenedStore, openStore, type OpenStoreOptions } from "./open-store.js";
export type { Unauthorized, UnauthorizedReply } from "./reply.js";
export type { Admission, OnTransport } from "./route.js";
export { SUBPROTOCOL } from "./ws-transport.js";
