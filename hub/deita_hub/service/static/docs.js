// Shows openapi.json with Swagger UI. A page of ours may change things, so it sends along what proves that it is ours.
import { xsrfHeaders } from "./api.js";

window.SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  validatorUrl: null,
  requestInterceptor: (request) => ({ ...request, headers: { ...request.headers, ...xsrfHeaders() } }),
});
