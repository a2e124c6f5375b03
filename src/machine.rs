//! The machine that the program runs on.

use std::fs;

use crate::nn::instructions;

/// Its name, where the system tells.
pub fn host() -> String {
    first_line("/proc/sys/kernel/hostname").unwrap_or_else(|| "unknown".to_owned())
}

/// The kind of this machine's processor: machines of one kind compute the same bytes. Of
/// its name alone that is not sure: virtual machines have general ones, and may hide
/// instructions.
pub fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    format!("{} ({})", named(&info), instructions())
}

/// The name, family and model that `/proc/cpuinfo` has, or else the maker's numbers.
fn named(info: &str) -> String {
    let field = |name: &str| {
        let mut fields = info.lines().filter_map(|line| line.split_once(':'));
        let found = fields.find(|(field, _)| field.trim() == name);
        found.map(|(_, value)| value.trim().to_owned())
    };
    let numbers = |names: [(&str, &str); 2]| {
        let numbers = names.iter().filter_map(|(name, word)| {
            let number = field(name)?;
            Some(format!("{word} {number}"))
        });
        numbers.collect::<Vec<_>>().join(", ")
    };
    let name = field("model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let of_x86 = numbers([("cpu family", "family"), ("model", "model")]);
    let of_arm = numbers([("CPU implementer", "implementer"), ("CPU part", "part")]);
    let parts = [name, of_x86, of_arm];
    let known = parts.into_iter().filter(|part| !part.is_empty());
    known.collect::<Vec<_>>().join(", ")
}

fn first_line(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_of_one_general_name_are_told_apart() {
        let of = |model: u32| {
            named(&format!(
                "processor\t: 0\ncpu family\t: 25\nmodel\t\t: {model}\nmodel name\t: AMD EPYC\n\n\
                 processor\t: 1\ncpu family\t: 25\nmodel\t\t: {model}\nmodel name\t: AMD EPYC\n"
            ))
        };
        assert_eq!(of(17), "AMD EPYC, family 25, model 17");
        assert_ne!(of(17), of(1));
        let arm = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n";
        assert!(named(arm).ends_with(", implementer 0x41, part 0xd40"));
        assert_eq!(named(""), std::env::consts::ARCH);
        assert!(processor().ends_with(&format!("({})", instructions())));
    }
}
