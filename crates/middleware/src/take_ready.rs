//! Takes the service that was asked whether it is ready along into a future.

/// The service that is ready, with a clone of it in its place. A clone is not known to be ready, and what was set aside for
/// this call must not stay with a service that is not called.
pub(crate) fn take_ready<S: Clone>(service: &mut S) -> S {
    let next = service.clone();
    std::mem::replace(service, next)
}
