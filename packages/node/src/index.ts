// The public surface of @chorus/node.
export type { Permission } from "@chorus/core";
export type { Authenticate } from "./authentication.js";
export type { Credentials } from "./basic-auth.js";
export { BodyBudget } from "./body-budget.js";
export { createDialler, type DiallerOptions, dialWebSocket, NO_UPGRADE_CODE } from "./dialler.js";
export { Endpoint, type Exposure } from "./endpoint.js";
export type { EndpointOptions } from "./endpoint-options.js";
export type { ExposeOptions, OnRequest, RequestExchange } from "./expose-options.js";
export type { HttpConnection, HttpReply, HttpRequest } from "./http-connection.js";
export {
  connectHttp,
  createHttpConnector,
  type HttpConnector,
  type HttpConnectorOptions,
} from "./http-connector.js";
export { type OpenedStore, openStore, type OpenStoreOptions } from "./open-store.js";
export { PROTOCOL_HEADER, PROTOCOL_HEADERS, SUBPROTOCOL } from "./protocol.js";
export { type BodyLimits, readBody } from "./read-body.js";
export {
  jsonReply,
  type Reply,
  sendReply,
  textReply,
  type Unauthorized,
  type UnauthorizedReply,
} from "./reply.js";
export type { Admission, OnTransport } from "./route.js";
export type { Pem, TlsOptions } from "./tls-options.js";
