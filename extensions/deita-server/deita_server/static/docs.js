// Shows openapi.json; requests that a person tries out go with their session and prove it with the XSRF cookie.
const cookie = (name) =>
  document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";

SwaggerUIBundle({
  dom_id: "#swagger",
  url: "openapi.json",
  validatorUrl: null,
  requestInterceptor: (request) => {
    request.headers["X-XSRFToken"] = decodeURIComponent(cookie("_xsrf"));
    return request;
  },
});
