//! The one place where a kernel is declared.

/// Declares kernels that take the same things: what they take, once, and for each its path, its
/// entry and its bodies.
///
/// ```
/// use strata_device::{Device, Settings, kernel};
///
/// kernel! {
///     /// `out = alpha * x`.
///     mod scale {
///         bindings { x: read f32, out: write f32 }
///         params { n: usize, alpha: f32 }
///     }
///     /// Plain loops.
///     static SCALE = "scale/1_naive"(scale) { cpu: run }
/// }
///
/// fn run(scale::Cpu { x, out, params, .. }: scale::Cpu<'_>) {
///     for i in 0..params.n {
///         out[i] = params.alpha * x[i];
///     }
/// }
///
/// let device = Device::open("cpu", Settings::default())?;
/// let (x, out) = (device.alloc(8)?, device.alloc(8)?);
/// x.write(0, bytemuck::cast_slice(&[1.0f32, 2.0]))?;
/// let bindings = scale::Bindings { x: x.whole(), out: out.whole() };
/// device.launch(&SCALE.launch(bindings, scale::Params { n: 2, alpha: 3.0 }).cover(2, 256))?;
/// assert_eq!(bytemuck::cast_slice::<u8, f32>(&out.read_blocking(0, 8)?), [3.0, 6.0]);
/// # Ok::<(), strata_device::Error>(())
/// ```
///
/// The module holds four things: `SIGNATURE`, data that a test compares with the texts of the other
/// languages; `Params`, the struct of the same name there, where a size is `usize` in Rust and 32
/// bits in kernels; `Bindings`, one [`Slice`](crate::Slice) each; and `Cpu`, what a Rust body is
/// called with. Types of bindings are those that [`Bound`](crate::Bound) is implemented for.
///
/// Where several kernels have one params struct and other bindings, `params of MODULE` takes over that
/// of another declaration, or of `mod MODULE { params { .. } }`, which declares nothing else.
///
/// Bodies are `cuda` and `wgsl`, whose texts are the files of that path in the `strata_kernels` and
/// `strata_shaders` crates, `cpu: function`, or `cpu: function in "src/file.rs"` where readers shall
/// see its text. `heeds ["NAME", ..]` lists constants, see [`Kernel::heeds`](crate::Kernel::heeds).
#[macro_export]
macro_rules! kernel {
    ($(#[$doc:meta])* $vis:vis mod $shared:ident { params $params:tt }) => {
        $(#[$doc])*
        #[allow(unused_imports, missing_docs, unreachable_pub)]
        $vis mod $shared {
            use super::*;
            $crate::kernel!(@params $params);
        }
    };
    (
        $(#[$doc:meta])*
        $vis:vis mod $signature:ident {
            bindings { $($binding:ident: $access:ident $element:ty),* $(,)? }
            params $params:tt $($of:ident)?
        }
        $($kernels:tt)*
    ) => {
        $(#[$doc])*
        #[allow(unused_imports, dead_code, missing_docs, unreachable_pub)]
        $vis mod $signature {
            use super::*;

            $crate::kernel!(@params $params $($of)?);

            #[doc = "What these kernels take, as data."]
            pub static SIGNATURE: $crate::Signature = $crate::Signature {
                bindings: &[$($crate::Declared {
                    name: stringify!($binding),
                    access: $crate::kernel!(@access $access),
                    element: <$element as $crate::Bound>::ELEMENT,
                }),*],
                params: <Params as $crate::Pack>::FIELDS,
            };

            #[doc = "What a launch binds."]
            #[derive(Clone, Debug)]
            pub struct Bindings {
                $(pub $binding: $crate::Slice,)*
            }

            impl $crate::Takes for Bindings {
                type Params = Params;
                const SIGNATURE: &'static $crate::Signature = &SIGNATURE;

                #[allow(unused_variables)]
                fn bind(&self, to: &mut Vec<$crate::Binding>) {
                    $(to.push(self.$binding.binding());)*
                }
            }

            #[doc = "What a Rust body is called with."]
            pub struct Cpu<'a> {
                $(pub $binding: $crate::kernel!(@view $access $element, 'a),)*
                #[doc = "The params struct."]
                pub params: Params,
                #[doc = "The launch's constants."]
                pub constants: $crate::Constants<'a>,
            }

            impl<'a> From<$crate::CpuArgs<'a>> for Cpu<'a> {
                #[allow(unused_mut)]
                fn from(mut args: $crate::CpuArgs<'a>) -> Self {
                    Cpu {
                        $($binding: $crate::kernel!(@take $access $element, args),)*
                        params: <Params as $crate::Pack>::take(&mut args.params.iter()),
                        constants: args.constants,
                    }
                }
            }
        }

        $crate::kernel!(@kernels $signature $($kernels)*);
    };

    (@params { $($(#[$about:meta])* $field:ident: $word:ty),* $(,)? }) => {
        #[doc = "The params struct."]
        #[derive(Clone, Copy, Debug)]
        pub struct Params {
            $($(#[$about])* pub $field: $word,)*
        }

        impl $crate::Pack for Params {
            const FIELDS: &'static [$crate::Field] = &[$($crate::Field {
                name: stringify!($field),
                dtype: <$word as $crate::Word>::DTYPE,
                words: <$word as $crate::Word>::WORDS,
            }),*];

            #[allow(unused_variables)]
            fn put(self, to: &mut $crate::Words) {
                $($crate::Word::put(self.$field, to);)*
            }

            #[allow(unused_variables)]
            fn take(from: &mut std::slice::Iter<'_, u32>) -> Self {
                Params { $($field: $crate::Word::take(from)),* }
            }
        }
    };
    (@params of $other:ident) => {
        pub use $other::Params;
    };

    (@kernels $signature:ident) => {};
    (@kernels $signature:ident
        $(#[$doc:meta])*
        $vis:vis static $name:ident = $path:literal($entry:ident) { $($bodies:tt)* }
        $($more:tt)*
    ) => {
        $(#[$doc])*
        $vis static $name: $crate::Kernel = $crate::kernel!(
            @body $signature $path
            ($crate::Kernel::new($path, stringify!($entry), &$signature::SIGNATURE))
            $($bodies)*
        );
        $crate::kernel!(@kernels $signature $($more)*);
    };

    (@body $signature:ident $path:literal ($kernel:expr)) => { $kernel };
    (@body $signature:ident $path:literal ($kernel:expr) cuda $(, $($more:tt)*)?) => {
        $crate::kernel!(@body $signature $path
            ($kernel.cuda(::strata_kernels::source($path), ::strata_kernels::INCLUDES))
            $($($more)*)?)
    };
    (@body $signature:ident $path:literal ($kernel:expr) wgsl $(, $($more:tt)*)?) => {
        $crate::kernel!(@body $signature $path
            ($kernel.wgsl(::strata_shaders::source($path), ::strata_shaders::INCLUDES))
            $($($more)*)?)
    };
    (@body $signature:ident $path:literal ($kernel:expr)
        cpu: $($part:ident)::+ in $file:literal $(, $($more:tt)*)?
    ) => {
        $crate::kernel!(@body $signature $path
            ($kernel
                .cpu(|args| $($part)::+($signature::Cpu::from(args)))
                .rust($crate::cpu_text!($file, $($part)::+)))
            $($($more)*)?)
    };
    (@body $signature:ident $path:literal ($kernel:expr)
        cpu: $($part:ident)::+ $(, $($more:tt)*)?
    ) => {
        $crate::kernel!(@body $signature $path
            ($kernel.cpu(|args| $($part)::+($signature::Cpu::from(args))))
            $($($more)*)?)
    };
    (@body $signature:ident $path:literal ($kernel:expr)
        heeds [$($constant:literal),+] $(, $($more:tt)*)?
    ) => {
        $crate::kernel!(@body $signature $path ($kernel.heeds(&[$($constant),+])) $($($more)*)?)
    };
    (@body $signature:ident $path:literal ($kernel:expr)
        $language:ident: $text:expr, includes: $includes:expr $(, $($more:tt)*)?
    ) => {
        $crate::kernel!(@body $signature $path
            ($kernel.$language($text, $includes)) $($($more)*)?)
    };

    (@access read) => { $crate::Access::Read };
    (@access write) => { $crate::Access::Write };
    (@view read $element:ty, $life:lifetime) => { <$element as $crate::Bound>::Read<$life> };
    (@view write $element:ty, $life:lifetime) => { <$element as $crate::Bound>::Write<$life> };
    (@take read $element:ty, $args:ident) => {
        <$element as $crate::Bound>::read($args.pop())
    };
    (@take write $element:ty, $args:ident) => {
        <$element as $crate::Bound>::write($args.pop())
    };
}
