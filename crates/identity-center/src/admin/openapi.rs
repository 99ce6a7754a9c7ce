//! What `openapi.json` says of the whole administration, and so stands here once instead of beside each operation.

use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi as Document, Ref, RefOr, Response, ResponseBuilder};

use super::BASE;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Identity Center administration",
        description = "An organisation's people, groups, identity providers, applications, AWS accounts and keys. Each request concerns the organisation of the administrator whose access token it carries; the token comes from `kiro-identity-center admin login`."
    ),
    security(("administrator" = []))
)]
struct Described;

/// Without its operations.
pub(super) fn document() -> Document {
    let mut document = Described::openapi();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("administrator", SecurityScheme::Http(bearer));
    document
}

/// Says what OpenAPI 3.1 wants of every operation: an `operationId` that is no other's, what each response is, and that there may be none
/// now.
pub(super) fn complete(document: &mut Document) {
    for (path, item) in &mut document.paths.paths {
        let methods = [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in methods {
            let Some(operation) = operation else { continue };
            operation.operation_id = Some(operation_id(method, path));
            let responses = &mut operation.responses.responses;
            responses.insert(UNAVAILABLE.to_owned(), unavailable().into());
            for (status, response) in responses {
                if let RefOr::T(response) = response {
                    meaning(status).clone_into(&mut response.description);
                }
            }
        }
    }
}

const UNAVAILABLE: &str = "503";

/// `get_users_user_sessions` for `GET /users/{user}/sessions`.
fn operation_id(method: &str, path: &str) -> String {
    let path = path.strip_prefix(BASE).unwrap_or(path);
    let words = path.replace(['{', '}'], "").replace(['/', '-'], "_");
    format!("{method}{words}")
}

fn unavailable() -> Response {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new()
        .content("application/problem+json", problem.build())
        .build()
}

fn meaning(status: &str) -> &'static str {
    match status {
        "200" => "As asked",
        "201" => "Made",
        "204" => "Done",
        UNAVAILABLE => "Not now: nothing was changed",
        _ => "Refused: nothing was changed",
    }
}
