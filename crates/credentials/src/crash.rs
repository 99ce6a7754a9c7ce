//! What a crash leaves behind.

/// Has a crash of this process leave no core: its memory holds tokens. What this process starts begins so as well, and may have
/// the limit that the person has set.
pub fn leave_no_core() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let none = Rlimit {
            current: Some(0),
            ..getrlimit(Resource::Core)
        };
        // Lowering it is always allowed.
        let _ = setrlimit(Resource::Core, none);
    }
}
