package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.gatun.generated.cublas.Cublas;
import dev.gatun.generated.cublaslt.CublasLt;
import dev.gatun.generated.cudart.Cudart;
import dev.gatun.generated.cudnn.Cudnn;
import dev.gatun.generated.driver.CudaDriver;
import java.io.IOException;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The prototype of every bound function, as a C++ compiler reads it in the vendors' headers, against the generated function
 * descriptor: how many parameters, and of each, and of the result, its kind (pointer, integer or enumeration, floating point, struct)
 * and its size. The headers are read anew, without jextract; the compiler is nvcc, which knows where its own are.
 */
class PrototypeTest {
    /** Prints a line for each function: its name, the result, the parameters. */
    private static final String PROGRAM = """
            #include <cstdio>
            #include <type_traits>

            template <class T> void print() {
                if constexpr (std::is_void_v<T>)
                    std::printf(" void");
                else
                    std::printf(" %c%zu", std::is_pointer_v<T> ? 'p' : std::is_floating_point_v<T> ? 'f'
                            : std::is_integral_v<T> || std::is_enum_v<T> ? 'i' : 's', sizeof(T));
            }

            template <class F> struct Signature;
            template <class R, class... A> struct Signature<R(A...)> {
                static void of(const char *name) {
                    std::printf("%s", name);
                    print<R>();
                    (print<A>(), ...);
                    std::printf("\\n");
                }
            };

            int main() {
            """;

    /** The libraries: the generated class, the allow-list, and the headers. */
    private enum Library {
        RUNTIME(Cudart.class, "cudart", "cudart_entry.h"),
        DRIVER(CudaDriver.class, "driver", "driver_entry.h"),
        // In C++ the header declares all that the entry header adds for C.
        BLAS(Cublas.class, "cublas", "half_types.h", "cublas_api.h"),
        BLAS_LT(CublasLt.class, "cublaslt", "cublaslt_entry.h"),
        DNN(Cudnn.class, "cudnn", "cudnn_entry.h");

        private final Class<?> generated;
        private final String symbols;
        private final List<String> headers;

        Library(Class<?> generated, String symbols, String... headers) {
            this.generated = generated;
            this.symbols = symbols;
            this.headers = List.of(headers);
        }

        List<String> functions() throws IOException {
            try (Stream<String> lines = Files.lines(HEADERS.resolve(symbols + ".symbols"))) {
                return lines.filter(line -> line.startsWith("function ")).map(line -> line.split(" ")[1]).toList();
            }
        }
    }

    private static final Path HEADERS = Path.of("../native-headers").toAbsolutePath().normalize();

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource
    void everyDescriptorIsThePrototypeOfTheHeaders(Library library) throws Exception {
        Map<String, String> generated = new TreeMap<>();
        for (String function : library.functions()) {
            FunctionDescriptor descriptor = (FunctionDescriptor) library.generated.getMethod(function + "$descriptor").invoke(null);
            generated.put(function, kinds(descriptor));
        }
        Map<String, String> declared = declared(library);
        assertEquals(String.join("\n", lines(declared)), String.join("\n", lines(generated)));
        System.out.println(library.generated.getSimpleName() + ": " + declared.size() + " prototypes alike");
    }

    @Test
    void kindsAndSizesAreToldApart() {
        assertEquals("void", kinds(FunctionDescriptor.ofVoid()));
        assertEquals("i4 i8 f4 f8 p8 i1 s12", kinds(FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_FLOAT, ValueLayout.JAVA_DOUBLE, ValueLayout.ADDRESS, ValueLayout.JAVA_BOOLEAN,
                MemoryLayout.structLayout(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT))));
    }

    private static List<String> lines(Map<String, String> prototypes) {
        return prototypes.entrySet().stream().map(prototype -> prototype.getKey() + " " + prototype.getValue()).toList();
    }

    private static String kinds(FunctionDescriptor descriptor) {
        String result = descriptor.returnLayout().map(PrototypeTest::kind).orElse("void");
        return Stream.concat(Stream.of(result), descriptor.argumentLayouts().stream().map(PrototypeTest::kind))
                .collect(Collectors.joining(" "));
    }

    private static String kind(MemoryLayout layout) {
        return switch (layout) {
            case AddressLayout _ -> "p";
            case ValueLayout.OfFloat _ -> "f";
            case ValueLayout.OfDouble _ -> "f";
            case GroupLayout _ -> "s";
            default -> "i";
        } + layout.byteSize();
    }

    private Map<String, String> declared(Library library) throws Exception {
        String includes = library.headers.stream().map(header -> "#include <" + header + ">\n").collect(Collectors.joining());
        String calls = library.functions().stream().map(function -> "    Signature<std::remove_pointer_t<decltype(&" + function
                + ")>>::of(\"" + function + "\");\n").collect(Collectors.joining());
        Path source = Files.writeString(folder.resolve("prototypes.cc"), includes + PROGRAM + calls + "}\n");
        Path program = folder.resolve("prototypes");
        Path wheels = Peers.nvidiaWheels();
        Files.writeString(folder.resolve("cublas_api.h"), withoutOverloads(Files.readString(wheels.resolve("cu13/include/cublas_api.h"))));
        nvcc("-std=c++17", "-x", "c++", "--cudart", "none", "-I", folder.toString(), "-I", HEADERS.toString(),
                "-I", wheels.resolve("cudnn/include").toString(), "-I",
                wheels.resolve("cu13/include").toString(), source.toString(), "-o", program.toString());
        return Forked.run(List.of(program.toString())).succeeded().lines()
                .collect(Collectors.toMap(line -> line.split(" ", 2)[0], line -> line.split(" ", 2)[1], (a, b) -> b, TreeMap::new));
    }

    /** Leaves out what cuBLAS's header adds for C++ after its C functions: inline functions of the same names. */
    private static String withoutOverloads(String header) {
        int from = header.indexOf("static inline");
        int to = header.lastIndexOf("#endif /* __cplusplus */");
        assertTrue(0 < from && from < to, "cublas_api.h has changed its shape");
        return header.substring(0, from) + header.substring(to);
    }

    /** Runs nvcc; where there is none the test is skipped, or fails in continuous integration. */
    private static void nvcc(String... options) throws InterruptedException {
        try {
            Forked.run(Stream.concat(Stream.of("nvcc"), Stream.of(options)).toList()).succeeded();
        } catch (IOException e) {
            String message = "nvcc of CUDA 13 is needed on the PATH to read the vendors' headers: " + e.getMessage();
            if ("true".equals(System.getenv("CI"))) {
                fail(message);
            }
            abort(message);
        }
    }
}
