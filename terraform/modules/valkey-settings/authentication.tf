locals {
  is_token = var.authentication == "token"

  # 64 letters, digits and the signs that AUTH takes: some 380 bits.
  password_length             = 64
  password_special_characters = "!&#$^<>-"

  # Passwords that are good, by number: a user has two at most.
  service_password_versions = sort([
    for version in range(var.service_password_version - (var.service_previous_password_valid ? 1 : 0), var.service_password_version + 1) : tostring(version) if version >= 1
  ])
  consumer_password_versions = sort([
    for version in range(var.consumer_password_version - (var.consumer_previous_password_valid ? 1 : 0), var.consumer_password_version + 1) : tostring(version) if version >= 1
  ])

  is_rotating = var.auth_token_update_strategy == "ROTATE" || var.service_previous_password_valid || var.consumer_previous_password_valid
  rotating_by = var.auth_token_update_strategy == "ROTATE" ? "auth_token_update_strategy = \"ROTATE\"" : "a previous password"
  finished_by = local.is_token || var.auth_token_update_strategy == "ROTATE" ? "auth_token_update_strategy = \"SET\"" : "service_previous_password_valid and consumer_previous_password_valid = false"
  is_overdue  = local.is_rotating && try(timecmp(plantimestamp(), timeadd("${var.rotation_started_on}T00:00:00Z", "${24 * (var.rotation_days + 1)}h")) > 0, false)

  is_fit_token = var.auth_token == null || can(regex("^[A-Za-z0-9!&#$^<>-]{16,128}$", var.auth_token))

  # Apart: a token that is made in the same apply is not known yet, and the reasons beside it would wait for it.
  token_refusals = compact([
    nonsensitive(local.is_fit_token) ? "" :
    "auth_token must have 16 to 128 letters, digits and of signs only ! & # $ ^ < > -: ElastiCache refuses others. random_password makes others unless override_special = \"!&#$^<>-\"; leave auth_token out and the module makes one that fits.",

    !local.is_token && nonsensitive(var.auth_token != null) ?
    "auth_token is given, but authentication is \"users\": a group has users or a token, never both. Leave auth_token out, or write authentication = \"token\" and auth_token_update_strategy = \"SET\"." : "",
  ])

  authentication_refusals = compact([
    local.is_token && var.auth_token_update_strategy == null ?
    "auth_token_update_strategy is absent: the provider has no default, and ElastiCache refuses a changed token without it. Write \"SET\"; \"ROTATE\" is for the days of a rotation." : "",

    local.is_token && var.auth_token_update_strategy == "DELETE" ?
    "auth_token_update_strategy = \"DELETE\" with authentication = \"token\": it takes the token away, and is only for the move to users. Write authentication = \"users\"." : "",

    !local.is_token && contains(["SET", "ROTATE"], coalesce(var.auth_token_update_strategy, "-")) ?
    "auth_token_update_strategy = \"${coalesce(var.auth_token_update_strategy, "-")}\" with authentication = \"users\", where there is no token. Leave it out, or write \"DELETE\" if the group had a token before (and leave it so)." : "",

    local.is_token && (var.service_previous_password_valid || var.consumer_previous_password_valid) ?
    "a previous password is to stay valid, but authentication is \"token\": there auth_token_update_strategy = \"ROTATE\" does that." : "",

    local.is_token && var.consumer_password_version != 1 ?
    "consumer_password_version is ${var.consumer_password_version}, but with a token subscribers have the same one as the service: raise service_password_version." : "",

    !local.is_token && var.service_previous_password_valid && var.service_password_version < 2 ?
    "service_previous_password_valid = true with service_password_version = ${var.service_password_version}: there was none before. Raise service_password_version in the same step." : "",

    !local.is_token && var.consumer_previous_password_valid && var.consumer_password_version < 2 ?
    "consumer_previous_password_valid = true with consumer_password_version = ${var.consumer_password_version}: there was none before. Raise consumer_password_version in the same step." : "",

    local.is_rotating && var.rotation_started_on == null ?
    "${local.rotating_by} is a step, not a state: the old one stays valid until ${local.finished_by}. Write the day in rotation_started_on, and finish it within ${var.rotation_days} days." : "",

    !local.is_rotating && var.rotation_started_on != null ?
    "rotation_started_on is given, but nothing is being rotated: leave it out." : "",

    local.is_overdue ?
    "a rotation was begun on ${coalesce(var.rotation_started_on, "-")} and not finished within ${var.rotation_days} days: the old password or token is still valid. Write ${local.finished_by} and leave rotation_started_on out, or give it more rotation_days on purpose." : "",
  ])
}
